/** Whether money of a raffle's orders is open: it arrived and is not settled, or a refund is owed and not paid. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { isUnpaid } from '../money/refund-rows.ts'
import { refunds } from '../money/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'

/**
 * Starts from the open orders and refunds of all raffles, because one raffle may have a hundred thousand orders. A
 * refund without lines concerns all lines of its order.
 */
export async function hasOpenMoney(ctx: Ctx, raffleId: string): Promise<boolean> {
  const { open } = await ctx.db.get<{ open: number }>(sql`
    SELECT EXISTS (
      SELECT 1 FROM ${orders} CROSS JOIN ${orderLines}
        ON ${orderLines.orderId} = ${orders.id} AND ${orderLines.itemId} = ${raffleId}
      WHERE ${orders.dueAt} <= ${ctx.now}
    ) OR EXISTS (
      SELECT 1 FROM ${refunds} CROSS JOIN ${orderLines}
        ON ${orderLines.orderId} = ${refunds.orderId} AND ${orderLines.itemId} = ${raffleId}
      WHERE ${isUnpaid} AND (json_array_length(${refunds.lines}) = 0
        OR ${orderLines.line} IN (SELECT value->>'line' FROM json_each(${refunds.lines})))
    ) AS open`)
  return open === 1
}
