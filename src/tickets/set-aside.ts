/** Sets tickets of a ticket type aside for a prize: sold at once, with their seats if it is in a capacity group. */
import type { Ctx } from '../core/context.ts'
import { askPool } from './client.ts'
import type { ReserveOutcome } from './pool-contract.ts'
import { poolNameOf } from './reservation-id.ts'
import { reserveSeated, setSeatsAside } from './seats.ts'
import { voidTickets } from './void-tickets.ts'

export interface SetAside {
  ticketTypeId: string
  holder: string
  key: string
  quantity: number
}

/**
 * Idempotent by the key. If the process dies between the two pools, a repeat takes the seats, or gives the tickets back. So
 * a caller that gives up repeats it, and then voids what it made.
 */
export async function setTicketsAside(
  ctx: Ctx,
  { ticketTypeId: itemId, holder, key, quantity }: SetAside,
): Promise<ReserveOutcome> {
  const request = {
    itemId,
    holder,
    entrant: { isProved: true, staffOf: [], isHuman: true },
    key,
    request: String(quantity),
    quantity,
    numbers: null,
    payment: null,
    entry: 'setAside' as const,
  }
  const outcome = await reserveSeated<ReserveOutcome>(ctx, request, (each) =>
    askPool(ctx, poolNameOf(itemId), (pool) => pool.reserve(each)),
  )
  if (!outcome.ok) return outcome
  const { reservation, sale } = outcome
  if (sale.groupId === null || reservation.state !== 'sold') return outcome
  const refusal = await setSeatsAside(ctx, sale.groupId, reservation)
  if (refusal === null) return outcome
  await voidTickets(ctx, reservation.id, null)
  return refusal
}
