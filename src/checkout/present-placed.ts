/** Presents an order that was just placed. */
import type { Ctx } from '../core/context.ts'
import type { Order } from '../orders/contract.ts'
import { presentOrder, readDetails } from '../orders/present.ts'
import { wholeHistory } from '../orders/whole-history.ts'
import type { PlacedOrder } from './place-order.ts'

/** Everything to show of a new order was just written, so the database is not read again. Pools write its holds later. */
export async function presentPlaced(ctx: Ctx, { rows, held }: PlacedOrder): Promise<Order> {
  const holds = new Map(held.map(({ hold }) => [hold.id, hold]))
  // An order that costs nothing has already gone on from there. A payment that was refused needs another way to pay.
  if (rows.payment?.status !== 'pending' || held.some(({ repeated }) => repeated)) {
    const { lines, ...details } = await readDetails(ctx, [rows])
    for (const [id, { state, numbers }] of holds)
      if (state === 'held' && !lines.has(id)) lines.set(id, { numbers, fulfilment: null })
    return presentOrder(rows, { ...details, lines })
  }
  return presentOrder(rows, {
    now: ctx.now,
    ways: new Map(),
    lines: new Map([...holds].map(([id, { numbers }]) => [id, { numbers, fulfilment: null }])),
    buyers: new Map(),
    history: new Map([[rows.order.id, wholeHistory(rows)]]),
  })
}
