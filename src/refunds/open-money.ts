/** Whether money of a raffle's orders is under way: arrived and not dealt with yet, or owed back and not paid back yet. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { isUnpaid } from '../money/refund-rows.ts'
import { refunds } from '../money/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'

/**
 * Joined from what is open anywhere: a raffle may have a hundred thousand orders. A refund that names lines is of those
 * alone; of any other it is the whole order's.
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
