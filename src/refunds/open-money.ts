/** Whether money of an item's orders is open: it arrived and is not settled, or a refund is owed and not paid. */
import { isNotNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { isUnpaid } from '../money/refund-rows.ts'
import { refunds } from '../money/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'

/**
 * Starts from the open orders and refunds of all items, because one item may have a hundred thousand orders. A refund
 * without lines concerns all lines of its order. `items`: their ids in brackets. `dueBy`: orders that are due later count
 * as done; null: none do.
 */
export const isMoneyOpen = (items: SQL, dueBy: number | null): SQL => sql`(
  EXISTS (
    SELECT 1 FROM ${orders} CROSS JOIN ${orderLines}
      ON ${orderLines.orderId} = ${orders.id} AND ${orderLines.itemId} IN ${items}
    WHERE ${dueBy === null ? isNotNull(orders.dueAt) : lte(orders.dueAt, dueBy)}
  ) OR EXISTS (
    SELECT 1 FROM ${refunds} CROSS JOIN ${orderLines}
      ON ${orderLines.orderId} = ${refunds.orderId} AND ${orderLines.itemId} IN ${items}
    WHERE ${isUnpaid} AND (json_array_length(${refunds.lines}) = 0
      OR ${orderLines.line} IN (SELECT value->>'line' FROM json_each(${refunds.lines})))
  ))`

/** For a raffle whose list is fixed: an order that is not due yet can no longer become tickets. */
export async function hasOpenMoney(ctx: Ctx, raffleId: string): Promise<boolean> {
  const isOpen = isMoneyOpen(sql`(${raffleId})`, ctx.now)
  const { open } = await ctx.db.get<{ open: number }>(sql`SELECT ${isOpen} AS open`)
  return open === 1
}
