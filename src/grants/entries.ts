/** A grant's tickets in its raffle's pool. Idempotent: the key of the grant returns the same tickets each time. */
import type { Ctx } from '../core/context.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import type { ReserveOutcome } from '../tickets/pool-contract.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import type { GrantRow } from './schema.ts'

export const reserveEntries = (ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<ReserveOutcome> =>
  askPool(ctx, raffle.pool, (pool) =>
    pool.reserve({
      itemId: raffle.id,
      holder: grant.userId!,
      key: `grant:${grant.orderRef}`,
      request: String(grant.entries),
      quantity: grant.entries,
      numbers: null,
      payment: null,
      entry: 'grant',
    }),
  )

/** False if the ticket list is frozen for the draw. */
export async function voidEntries(ctx: Ctx, reservationId: string): Promise<boolean> {
  const { pool, seq } = reservationAddress(reservationId)
  const outcome = await askPool(ctx, pool, (stub) => stub.void(seq, reservationId, null))
  if (!outcome.ok && outcome.code === 'invalid_state') return false
  orThrow(outcome)
  return true
}
