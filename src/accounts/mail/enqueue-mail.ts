/** Statements that put mails into the outbox. Batched with their cause, a mail is written exactly when its cause is. */
import { is, SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { newId } from '../../core/ids.ts'
import { mails } from '../schema.ts'
import type { MailData, MailKind } from './kinds.ts'

export interface NewMail<Kind extends MailKind> {
  /** Generated unless the caller needs to know it. */
  id?: string
  /** A user's id, or an SQL expression for one. Null: nobody, or the address of an invitation. */
  to: string | SQL | null
  /** The cause of the mail. There is one mail per subject and kind, so that a retry enqueues nothing. */
  subject: string | SQL
  kind: Kind
  /** An SQL expression must return the same as JSON. */
  data: MailData[Kind] | SQL
}

/** Enqueues one mail, unless it exists, if `guard` is true. */
export function enqueueMail<Kind extends MailKind>(
  ctx: Ctx,
  { id = newId('mail'), to, subject, kind, data }: NewMail<Kind>,
  guard: SQL = sql`true`,
) {
  const written = is(data, SQL) ? data : JSON.stringify(data)
  return ctx.db
    .insert(mails)
    .select(sql`
      SELECT ${id}, ${subject}, ${kind}, ${to}, ${written}, 0, ${ctx.now}, 0, NULL, NULL, ${ctx.now}
      WHERE ${guard}`)
    .onConflictDoNothing()
}

export interface MailOfMany<Kind extends MailKind> {
  to: string
  subject: string
  /** Left out if all mails have the same data. */
  data?: MailData[Kind]
}

export interface ManyMails<Kind extends MailKind> {
  /** Bulk mails are sent after mails that a user waits for. */
  bulk: boolean
  guard?: SQL
  /** For rows without data of their own. */
  data?: MailData[Kind]
}

/** Enqueues any number of mails of one kind in one statement. `guard` may use `value->>'to'`. */
export function enqueueMails<Kind extends MailKind>(
  ctx: Pick<Ctx, 'db' | 'now'>,
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
