/** Takes tickets of a raffle: free ones at once from its pool; priced ones as an order of one line. */
import type { Ctx } from '../core/context.ts'
import { presentReserved } from '../tickets/present.ts'
import { takeFreeTickets } from '../tickets/take-free-tickets.ts'
import type { Purchase, PurchaseTickets } from './contract.ts'
import { placeOrder } from './place-order.ts'
import { presentOrder } from './present.ts'
import { tell } from './words.ts'

export async function purchaseTickets(ctx: Ctx, input: PurchaseTickets, key: string): Promise<Purchase> {
  const { payment, ...line } = input
  if (payment === undefined)
    return { ...presentReserved(line.raffleId, await takeFreeTickets(ctx, line, key)), order: null }
  const { rows, held } = await placeOrder(ctx, { lines: [line], payment }, key)
  const { hold } = held[0]!
  // Without asking the database again: what is there to tell was just written.
  const order = presentOrder(rows, {
    numbers: new Map([[hold.id, hold.numbers]]),
    fulfilments: new Map(),
    history: [{ at: rows.order.createdAt, text: tell.placed(rows.order) }],
  })
  return { ...presentReserved(line.raffleId, hold), order }
}
