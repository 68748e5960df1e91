/** Voids issued tickets of a reservation. Idempotent. */
import type { Ctx } from '../core/context.ts'
import { askPool, orThrow } from './client.ts'
import { reservationAddress } from './reservation-id.ts'
import { voidSeats } from './seats.ts'

/**
 * `numbers` null: all of them. Returns false, and voids none, once the ticket list is frozen for the draw or the sale is
 * cancelled; and if `onlyOwn`, for a number that somebody else has by now.
 */
export async function voidTickets(
  ctx: Ctx,
  reservationId: string,
  numbers: number[] | null,
  onlyOwn = false,
): Promise<boolean> {
  const { pool, seq } = reservationAddress(reservationId)
  const outcome = await askPool(ctx, pool, (stub) => stub.void(seq, reservationId, numbers, onlyOwn))
  if (!outcome.ok && outcome.code === 'invalid_state') return false
  const { seats } = orThrow(outcome)
  // If the process dies here, or the group does not answer, the pool frees the seats by its alarm.
  if (seats !== null) await voidSeats(ctx, seats)
  return true
}
