/** Takes tickets of a raffle: the hot path. It asks the pool and nothing else, so it works while D1 is down. */
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { bodyHash } from '../core/idempotency.ts'
import { askPool, orThrow } from './client.ts'
import type { Purchase, PurchaseTickets } from './contract.ts'
import { presentPurchase } from './present.ts'
import { poolNameOf } from './reservation-id.ts'

export async function purchaseTickets(ctx: Ctx, input: PurchaseTickets, key: string): Promise<Purchase> {
  const { userId } = requireUser(ctx)
  const { raffleId, quantity, numbers } = input
  const outcome = await askPool(ctx, poolNameOf(raffleId), (pool) =>
    pool.reserve({
      raffleId,
      holder: userId,
      key,
      request: bodyHash([quantity ?? null, numbers ?? null]),
      quantity: quantity ?? numbers!.length,
      numbers: numbers ?? null,
      payment: null,
    }),
  )
  return presentPurchase(raffleId, orThrow(outcome).reservation)
}
