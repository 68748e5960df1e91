/** Deletes sessions that expired at least a day ago: one bounded batch per sweep, oldest first. */
import { asc, inArray, lt } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { DAY_MS } from '../core/time.ts'
import { sessions } from './schema.ts'

const PURGE_BATCH = 200

/** Returns how many were deleted. A session without a row counts as signed out, so deletion revives nothing. */
export async function purgeSessions(ctx: Ctx): Promise<number> {
  const ended = ctx.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(lt(sessions.expiresAt, ctx.now - DAY_MS))
    .orderBy(asc(sessions.expiresAt))
    .limit(PURGE_BATCH)
  const deleted = await ctx.db
    .delete(sessions)
    .where(inArray(sessions.id, ended))
    .returning({ id: sessions.id })
  return deleted.length
}
