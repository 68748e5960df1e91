/** Reserves tickets for a buyer's own request. If the pool asks for the challenge, verifies it and asks the pool again. */
import type { Ctx } from '../core/context.ts'
import { askPool } from './client.ts'
import type { ReserveOutcome, ReserveRequest } from './pool-contract.ts'
import { rememberPurchase } from './recent-purchases.ts'
import { poolNameOf } from './reservation-id.ts'

/** Throws unless the person passes the challenge. Null: the request has no token. */
export type PassChallenge = (() => Promise<void>) | null

/**
 * The pool comes first, because it knows whether a challenge is asked for, and whether this is a repeat. So a repeat gets
 * its first answer even if its token was used or has expired.
 */
export async function reserveTickets(
  ctx: Ctx,
  request: ReserveRequest,
  passChallenge: PassChallenge,
): Promise<ReserveOutcome> {
  const reserve = async (isHuman: boolean) => {
    const outcome = await askPool(ctx, poolNameOf(request.itemId), (pool) =>
      pool.reserve({ ...request, entrant: { ...request.entrant, isHuman } }),
    )
    rememberPurchase(ctx, outcome)
    return outcome
  }
  const outcome = await reserve(false)
  if (outcome.ok || outcome.rule !== 'challenge' || passChallenge === null) return outcome
  await passChallenge()
  return reserve(true)
}
