/** The pool calls this just before it freezes the ticket list: it finishes the suspensions of holders in that raffle. */
import { and, asc, eq, exists, inArray, isNotNull, lt } from 'drizzle-orm'
import { suspensions } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { SECOND_MS } from '../core/time.ts'
import { pools, reservations } from '../tickets/schema.ts'
import { takeBackAll } from './take-back-all.ts'

const MAX_PASS_MS = 10 * SECOND_MS
const MAX_USERS = 100

/**
 * A suspension counts if it came before `freezeAt`, and may have a pass to come. Never throws, so that the freeze settles
 * its orders too.
 */
export async function takeBackBeforeFreeze(ctx: Ctx, raffleId: string): Promise<void> {
  const until = Date.now() + MAX_PASS_MS
  try {
    for (const { userId } of await suspendedHolders(ctx, raffleId)) {
      await takeBackAll(ctx, { userId, raffleId }, until)
    }
  } catch (error) {
    ctx.log.error('suspensions not carried out before the freeze', { raffleId, error })
  }
}

/** Starts from the few suspensions that have a pass to come, because a raffle may have a million reservations. */
export function suspendedHolders(ctx: Ctx, raffleId: string) {
  const holding = ctx.db
    .select({ id: reservations.id })
    .from(reservations)
    .innerJoin(pools, eq(pools.pool, reservations.pool))
    .where(
      and(
        eq(reservations.holder, suspensions.userId),
        inArray(reservations.state, ['held', 'sold']),
        eq(pools.itemId, raffleId),
        lt(suspensions.startedAt, pools.freezeAt),
      ),
    )
  return ctx.db
    .select({ userId: suspensions.userId })
    .from(suspensions)
    .where(and(isNotNull(suspensions.dueAt), exists(holding)))
    .orderBy(asc(suspensions.dueAt))
    .limit(MAX_USERS)
}
