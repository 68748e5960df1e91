/** Makes due what waits and need not any more: it has an owner by now, or its raffle takes nobody. */
import { and, eq, exists, gt, isNotNull, isNull, notInArray, or } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { statusSql } from '../raffles/life-cycle.ts'
import { raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { hasProved, isActiveUser } from './owner.ts'
import { grants } from './schema.ts'

/** Whoever proved, closed or cancelled it, somebody or a pool by itself, and wherever that process died. */
export const wakeGrants = (ctx: Ctx) =>
  withRetry(() =>
    ctx.db
      .update(grants)
      .set({ dueAt: ctx.now })
      .where(and(eq(grants.status, 'waiting'), gt(grants.dueAt, ctx.now), or(hasOwner(ctx), isOver(ctx)))),
  )

/** One that is claimed has an owner too, and waits for something else. */
function hasOwner(ctx: Ctx) {
  const isUser = (which: ReturnType<typeof hasProved>) =>
    exists(ctx.db.select({ id: users.id }).from(users).where(which))
  return and(
    eq(grants.entries, 0),
    or(
      and(isNull(grants.userId), isNotNull(grants.email), isUser(hasProved(grants.email))),
      and(isNotNull(grants.userId), isUser(isActiveUser(grants.userId))),
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
