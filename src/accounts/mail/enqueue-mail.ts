/** Puts mails into the outbox: a statement for the batch of their cause, so that one is written exactly when the other is. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import { mails } from '../schema.ts'
import type { MailData, MailKind } from './kinds.ts'

export interface NewMail<Kind extends MailKind> {
  /** Made here, unless something else is to know it. */
  id?: string
  /** A user's id, or an expression that gives one. */
  to: string | SQL
  /** What it is about: of a subject and a kind there is one mail, however often it is asked for. */
  subject: string
  kind: Kind
  data: MailData[Kind]
}

/** One mail, unless it is there; where `guard` holds. */
export function enqueueMail<Kind extends MailKind>(
  ctx: Ctx,
  { id = newId('mail'), to, subject, kind, data }: NewMail<Kind>,
  guard: SQL = sql`true`,
) {
  return ctx.db
    .insert(mails)
    .select(sql`
      SELECT ${id}, ${subject}, ${kind}, ${to}, ${JSON.stringify(data)}, 0, ${ctx.now}, 0, NULL, NULL, ${ctx.now}
      WHERE ${guard}`)
    .onConflictDoNothing()
}

export interface MailOfMany<Kind extends MailKind> {
  to: string
  subject: string
  /** Left out where all have the same. */
  data?: MailData[Kind]
}

export interface ManyMails<Kind extends MailKind> {
  /** Waits behind mails that somebody is waiting for. */
  bulk: boolean
  guard?: SQL
  /** The same for all that have none of their own. */
  data?: MailData[Kind]
}

/** Any number of one kind in one statement; `guard` may name `value->>'to'`. */
export function enqueueMails<Kind extends MailKind>(
  ctx: Ctx,
  kind: Kind,
  rows: MailOfMany<Kind>[],
  { bulk, guard = sql`true`, data }: ManyMails<Kind>,
) {
  const listed = rows.map((row) => ({ ...row, id: newId('mail') }))
  return ctx.db
    .insert(mails)
    .select(sql`
      SELECT value->>'id', value->>'subject', ${kind}, value->>'to',
             coalesce(value->'data', ${JSON.stringify(data ?? null)}), ${bulk ? 1 : 0}, ${ctx.now}, 0,
             NULL, NULL, ${ctx.now}
      FROM json_each(${JSON.stringify(listed)}) WHERE ${guard}`)
    .onConflictDoNothing()
}
