/** Takes tickets of a free raffle: the hot path. It calls only the pool, so it works while D1 is down. */
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { bodyHash } from '../core/idempotency.ts'
import { askPool, orThrow } from './client.ts'
import type { Reservation } from './pool-contract.ts'
import { poolNameOf } from './reservation-id.ts'

export interface FreeTickets {
  raffleId: string
  quantity?: number | undefined
  /** The exact numbers, if buyers choose them in this raffle. */
  numbers?: number[] | undefined
}

export async function takeFreeTickets(ctx: Ctx, input: FreeTickets, key: string): Promise<Reservation> {
  const { userId, isProved, staffOf } = requireUser(ctx)
  const { raffleId, quantity, numbers } = input
  const outcome = await askPool(ctx, poolNameOf(raffleId), (pool) =>
    pool.reserve({
      itemId: raffleId,
      holder: userId,
      entrant: { isProved, staffOf },
      key,
      request: bodyHash([quantity ?? null, numbers ?? null]),
      quantity: quantity ?? numbers!.length,
      numbers: numbers ?? null,
      payment: null,
    }),
  )
  return orThrow(outcome).reservation
}
