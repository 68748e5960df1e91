/** Deletes old mails and tokens: one bounded batch per sweep, oldest first. */
import { and, asc, inArray, isNull, lt, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { DAY_MS } from '../../core/time.ts'
import { devMails, emailTokens, mails } from '../schema.ts'

const PURGE_BATCH = 500
/** A row also dedupes its mail, so it is kept longer than any cause is retried. */
const MAIL_AGE_MS = 90 * DAY_MS
const TOKEN_AGE_MS = DAY_MS

export async function purgeMails(ctx: Ctx): Promise<void> {
  const before = ctx.now - MAIL_AGE_MS
  // Ids grow with time, so the first ids are the oldest, and no index on the age is needed.
  const oldest = (table: typeof mails | typeof devMails) =>
    sql`(SELECT ${table.id} FROM ${table} ORDER BY ${table.id} LIMIT ${PURGE_BATCH})`
  const ended = ctx.db
    .select({ hash: emailTokens.hash })
    .from(emailTokens)
    .where(lt(emailTokens.expiresAt, ctx.now - TOKEN_AGE_MS))
    .orderBy(asc(emailTokens.expiresAt))
    .limit(PURGE_BATCH)
  await ctx.db.batch([
    ctx.db
      .delete(mails)
      .where(and(sql`${mails.id} IN ${oldest(mails)}`, isNull(mails.dueAt), lt(mails.createdAt, before))),
    ctx.db.delete(devMails).where(and(sql`${devMails.id} IN ${oldest(devMails)}`, lt(devMails.at, before))),
    ctx.db.delete(emailTokens).where(inArray(emailTokens.hash, ended)),
  ])
}
