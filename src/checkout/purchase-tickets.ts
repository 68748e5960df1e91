/** Purchases tickets of a raffle or an event: free ones directly from their pool, others by an order with one line. */
import type { Ctx } from '../core/context.ts'
import { bodyHash } from '../core/idempotency.ts'
import type { OrderRows } from '../orders/find-order.ts'
import type { HeldLine } from '../orders/line.ts'
import { presentOrder, readDetails } from '../orders/present.ts'
import { askPool } from '../tickets/client.ts'
import { findReservation } from '../tickets/find-reservation.ts'
import { asShown, presentReserved } from '../tickets/present.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import { takeFreeTickets } from '../tickets/take-free-tickets.ts'
import type { Purchase, PurchaseTickets } from './contract.ts'
import { requireTaker } from './eligibility.ts'
import { placeOrder } from './place-order.ts'
import { presentPlaced } from './present-placed.ts'

export async function purchaseTickets(ctx: Ctx, input: PurchaseTickets, key: string): Promise<Purchase> {
  const { payment, turnstileToken, ...line } = input
  const itemId = (line.raffleId ?? line.ticketTypeId)!
  if (payment === undefined) {
    const buyer = requireTaker(ctx, { token: turnstileToken, key, request: bodyHash(line) })
    const { quantity, numbers } = line
    const taken = await takeFreeTickets(ctx, { itemId, quantity, numbers }, buyer, key)
    if (taken !== null)
      return { ...presentReserved(itemId, taken.reservation, taken.sale.digits), order: null }
  }
  const placed = await placeOrder(ctx, { lines: [line], payment, turnstileToken }, key, () => '')
  const { hold, repeated, digits } = placed.held[0]!
  if (placed.rows.payment === null)
    return presentRepeat(ctx, itemId, placed.rows, await presentHold(ctx, hold))
  if (repeated) return presentRepeat(ctx, itemId, placed.rows, hold)
  return { ...presentReserved(itemId, hold, digits), order: await presentPlaced(ctx, placed) }
}

/** The hold was just sold, and the database may not have that yet. */
async function presentHold(ctx: Ctx, { id }: HeldLine['hold']): Promise<HeldLine['hold']> {
  const { pool, seq } = reservationAddress(id)
  return (await askPool(ctx, pool, (stub) => stub.reservation(seq, id)))!.reservation
}

/** Presents a repeated purchase, with everything that has happened since the first. */
async function presentRepeat(
  ctx: Ctx,
  itemId: string,
  rows: OrderRows,
  hold: HeldLine['hold'],
): Promise<Purchase> {
  const [details, { isCancelled, digits }] = await Promise.all([
    readDetails(ctx, [rows]),
    findReservation(ctx, hold.id),
  ])
  // The pool has just returned the hold. The database may not have it yet.
  const reservation = asShown(hold, isCancelled)
  const hasNumbers = reservation.state === 'held' || reservation.state === 'sold'
  const lines = new Map([[hold.id, { numbers: hasNumbers ? hold.numbers : [], fulfilment: null }]])
  return { ...presentReserved(itemId, reservation, digits), order: presentOrder(rows, { ...details, lines }) }
}
