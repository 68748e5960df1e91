/** Forgets sessions that ended a day ago or more: a bounded piece each time, oldest first. */
import { asc, inArray, lt } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { DAY_MS } from '../core/time.ts'
import { sessions } from './schema.ts'

const PURGE_BATCH = 200

/** How many were forgotten. A session without its row counts as signed out, so nothing comes alive again. */
export async function purgeSessions(ctx: Ctx): Promise<number> {
  const ended = ctx.db
    .select({ id: sessions.id })
    .from(sessions)
    .where(lt(sessions.expiresAt, ctx.now - DAY_MS))
    .orderBy(asc(sessions.expiresAt))
    .limit(PURGE_BATCH)
  const gone = await ctx.db.delete(sessions).where(inArray(sessions.id, ended)).returning({ id: sessions.id })
  return gone.length
}
