/** Makes waiting grants due that need to wait no longer: they have an owner now, or their raffle's sales are over. */
import { and, eq, exists, gt, isNotNull, isNull, not, notInArray, or } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { statusSql } from '../raffles/life-cycle.ts'
import { raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { hasProved, isActiveUser, isProved } from './owner.ts'
import { grants } from './schema.ts'

/** Finds them by state, not by event: so no crash after a verification, closing or cancellation can lose one. */
export const wakeGrants = (ctx: Ctx) =>
  withRetry(() =>
    ctx.db
      .update(grants)
      .set({ dueAt: ctx.now })
      .where(and(eq(grants.status, 'waiting'), gt(grants.dueAt, ctx.now), or(hasOwner(ctx), isOver(ctx)))),
  )

/** Only unclaimed grants: a claimed one has an owner too, but waits for sales to open. */
function hasOwner(ctx: Ctx) {
  const asksForProof = exists(
    ctx.db
      .select({ id: raffles.id })
      .from(raffles)
      .where(and(eq(raffles.id, grants.raffleId), eq(raffles.entrants, 'proved'))),
  )
  const isUser = (which: ReturnType<typeof hasProved>) =>
    exists(ctx.db.select({ id: users.id }).from(users).where(which))
  return and(
    eq(grants.entries, 0),
    or(
      and(isNull(grants.userId), isNotNull(grants.email), isUser(hasProved(grants.email))),
      and(
        isNotNull(grants.userId),
        isUser(and(isActiveUser(grants.userId), or(isProved, not(asksForProof)))),
      ),
    ),
  )
}

const isOver = (ctx: Ctx) =>
  exists(
    ctx.db
      .select({ id: raffles.id })
      .from(raffles)
      .leftJoin(pools, eq(pools.pool, raffles.pool))
      .where(and(eq(raffles.id, grants.raffleId), notInArray(statusSql(ctx.now), ['scheduled', 'open']))),
  )
