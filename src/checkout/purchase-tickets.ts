/** Takes tickets of a raffle: free ones at once from its pool; priced ones as an order of one line. */
import type { Ctx } from '../core/context.ts'
import type { OrderRows } from '../orders/find-order.ts'
import { historyText } from '../orders/history-text.ts'
import type { HeldLine } from '../orders/line.ts'
import { presentOrder, readDetails } from '../orders/present.ts'
import { findReservation } from '../tickets/find-reservation.ts'
import { asShown, presentReserved } from '../tickets/present.ts'
import { takeFreeTickets } from '../tickets/take-free-tickets.ts'
import type { Purchase, PurchaseTickets } from './contract.ts'
import { requireBuyer } from './eligibility.ts'
import { placeOrder } from './place-order.ts'

export async function purchaseTickets(ctx: Ctx, input: PurchaseTickets, key: string): Promise<Purchase> {
  const { payment, ...line } = input
  if (payment === undefined) {
    requireBuyer(ctx)
    return { ...presentReserved(line.raffleId, await takeFreeTickets(ctx, line, key)), order: null }
  }
  const { rows, held } = await placeOrder(ctx, { lines: [line], payment }, key, () => '')
  const { hold, repeated } = held[0]!
  if (repeated) return asItStands(ctx, line.raffleId, rows, hold)
  // Without asking the database again: what is there to tell was just written.
  const order = presentOrder(rows, {
    lines: new Map([[hold.id, { numbers: hold.numbers, fulfilment: null }]]),
    buyers: new Map(),
    history: new Map([
      [rows.order.id, [{ key: 'placed', at: rows.order.createdAt, text: historyText.placed(rows.order) }]],
    ]),
  })
  return { ...presentReserved(line.raffleId, hold), order }
}

/** Of a repeat: whatever has happened since is told too. */
async function asItStands(
  ctx: Ctx,
  raffleId: string,
  rows: OrderRows,
  hold: HeldLine['hold'],
): Promise<Purchase> {
  const [details, { isCancelled }] = await Promise.all([
    readDetails(ctx, [rows]),
    findReservation(ctx, hold.id),
  ])
  // What the pool has just said: the database may not have heard of it yet.
  const reservation = asShown(hold, isCancelled)
  const isStanding = reservation.state === 'held' || reservation.state === 'sold'
  const lines = new Map([[hold.id, { numbers: isStanding ? hold.numbers : [], fulfilment: null }]])
  return { ...presentReserved(raffleId, reservation), order: presentOrder(rows, { ...details, lines }) }
}
