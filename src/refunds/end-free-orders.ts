/** A statement for the batch that takes free lines back: an order that cost nothing ends once none of its lines is left. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { orderLines, orders } from '../orders/schema.ts'

/** `orderIds`: a list or a query in brackets. */
export function endFreeOrders(ctx: Ctx, orderIds: SQL) {
  const isLeft = sql`EXISTS (SELECT 1 FROM ${orderLines} WHERE ${orderLines.orderId} = ${orders.id}
    AND ${orderLines.state} = 'issued')`
  return ctx.db
    .update(orders)
    .set({ status: 'refunded', updatedAt: ctx.now })
    .where(
      and(
        sql`${orders.id} IN ${orderIds}`,
        eq(orders.amount, 0),
        eq(orders.status, 'paid'),
        sql`NOT ${isLeft}`,
      ),
    )
}
