/** A member takes free units of an order back. No money moves, so there is no refund. */
import { and, eq, lt, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import type { Order } from '../orders/contract.ts'
import { findOrder } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { linePort } from '../orders/lines/index.ts'
import { readDetails } from '../orders/present.ts'
import { presentPart } from '../orders/present-part.ts'
import { type OrderLineRow, orderLines } from '../orders/schema.ts'
import type { TakeBack } from './contract.ts'
import { endFreeOrders } from './end-free-orders.ts'
import { refundText } from './history-text.ts'
import { requireRefunds } from './who-may-refund.ts'

/**
 * The pool decides first. The line then follows what it has left, so that a repeat finishes what a crash left, and changes
 * nothing otherwise.
 */
export async function takeBackFreeUnits(
  ctx: Ctx,
  orderId: string,
  { line: at, numbers, reason }: TakeBack,
): Promise<Order> {
  const { lines } = await findOrder(ctx, orderId)
  const line = lines.find((each) => each.line === at)
  await requireRefunds(ctx, line === undefined ? lines : [line], 'order')
  if (line === undefined) throw invalid('line', 'is not a line of this order')
  if (line.unitAmount > 0) throw new Problem('invalid_state', 'This line cost money: refund it.')
  if (line.state !== 'issued' && line.state !== 'refunded')
    throw new Problem('invalid_state', `This line is ${line.state}: there is nothing to take back.`)
  const port = linePort(line.kind)
  if (!(await port.takeBack(ctx, line, numbers)))
    throw new Problem('invalid_state', `Not of this line, or ${port.texts.whyKept}.`)
  const text = refundText.takenBack({ row: line, line: at, numbers }, reason)
  await record(ctx, line, (await port.tickets(ctx, line)).length, text)
  const rows = await findOrder(ctx, orderId)
  const sees = (id: string) => id === line.organisationId
  return presentPart(rows, await readDetails(ctx, [rows]), { sees, sends: () => false })
}

/** Two members may do this at once. Safe: the pool has ever fewer units left, and the line follows the fewest. */
function record(ctx: Ctx, { orderId, line, organisationId }: OrderLineRow, left: number, text: string) {
  const taken = sql`${orderLines.quantity} - ${left}`
  return withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(orderLines)
        .set({ refundedQuantity: taken, state: left === 0 ? 'refunded' : 'issued' })
        .where(
          and(
            eq(orderLines.orderId, orderId),
            eq(orderLines.line, line),
            lt(orderLines.refundedQuantity, taken),
          ),
        ),
      insertAudit(ctx, {
        action: 'order.free_units_taken_back',
        subject: { kind: 'order', id: orderId },
        organisationId,
      }),
      insertOrderEvent(ctx, orderId, `taken:${line}:${left}`, text),
      endFreeOrders(ctx, sql`(${orderId})`),
    ]),
  )
}
