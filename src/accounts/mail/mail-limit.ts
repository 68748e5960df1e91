/** Limits the mails that people can ask for at an address which may be somebody else's. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { DAY_MS, HOUR_MS } from '../../core/time.ts'
import { mails } from '../schema.ts'
import type { MailKind } from './kinds.ts'

/** After so many within a day, one an hour: a stranger who uses them up must not keep the owner from a mail for long. */
export const FREE_MAILS_A_DAY = 5

/** Guard of a mail of this kind, whose subject is `prefix`, a colon and a number. */
export function hasMailsLeft(ctx: Ctx, kind: MailKind, prefix: string): SQL {
  const since = (ms: number) => sql`FROM ${mails} WHERE ${mails.kind} = ${kind}
    AND ${mails.subject} > ${`${prefix}:`} AND ${mails.subject} < ${`${prefix};`}
    AND ${mails.createdAt} > ${ctx.now - ms}`
  return sql`((SELECT count(*) ${since(DAY_MS)}) < ${FREE_MAILS_A_DAY} OR NOT EXISTS (SELECT 1 ${since(HOUR_MS)}))`
}
