/** Ends invitations that have expired, and deletes those that ended long ago: one bounded batch per sweep, oldest first. */
import { and, asc, inArray, isNotNull, isNull, lt, lte } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { DAY_MS } from '../../core/time.ts'
import { invitations } from '../schema.ts'
import { endInvitations } from './states.ts'

const PURGE_BATCH = 500
/** What is kept until then holds no address: who invited, when, and how it ended. */
const ENDED_AGE_MS = 90 * DAY_MS

export async function purgeInvitations(ctx: Ctx): Promise<void> {
  const expired = ctx.db
    .select({ id: invitations.id })
    .from(invitations)
    .where(and(isNull(invitations.outcome), lte(invitations.expiresAt, ctx.now)))
    .orderBy(asc(invitations.expiresAt))
    .limit(PURGE_BATCH)
  const old = ctx.db
    .select({ id: invitations.id })
    .from(invitations)
    .where(and(isNotNull(invitations.outcome), lt(invitations.endedAt, ctx.now - ENDED_AGE_MS)))
    .orderBy(asc(invitations.endedAt))
    .limit(PURGE_BATCH)
  await ctx.db.batch([
    endInvitations(ctx, { outcome: 'expired', endedBy: null }, inArray(invitations.id, expired)),
    ctx.db.delete(invitations).where(inArray(invitations.id, old)),
  ])
}
