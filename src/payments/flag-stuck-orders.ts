/** Paid orders that cannot be settled: those with money are flagged on the payments that brought it, free ones are counted. */
import { and, count, eq, isNull, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { FREE_OF_CHARGE, receiptKeySql } from '../money/receipt-key.ts'
import { payments, receipts } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'

/** Stored and matched below. Rows with an old text would no longer be cleared if it changed. */
const REASON = 'What it pays for cannot be settled; that is tried again every minute.'

/** Short, because a buyer who has paid is waiting. */
const LATE_AFTER_MS = 10 * MINUTE_MS

/**
 * A statement to run after settling failed. It flags payments whose money arrived long ago and is neither settled nor
 * refunded. A payment that already needs attention keeps its reason.
 */
export const flagStuckOrder = (ctx: Ctx, orderId: string) =>
  ctx.db
    .update(payments)
    .set({ attention: REASON, updatedAt: ctx.now })
    .where(
      and(
        eq(payments.orderId, orderId),
        isNull(payments.attention),
        sql`EXISTS (SELECT 1 FROM ${receipts} JOIN ${orders} ON ${orders.id} = ${receipts.orderId}
          WHERE ${receipts.orderId} = ${orderId} AND ${receipts.paymentId} = ${payments.id}
            AND ${receipts.at} <= ${ctx.now - LATE_AFTER_MS}
            AND (${orders.settledAt} IS NULL
              OR ${orders.receipt} IS NOT ${receiptKeySql}))`,
      ),
    )

/** How many orders that cost nothing could not be settled for ten minutes. No payment can be flagged. */
export async function countStuckFreeOrders(ctx: Ctx): Promise<number> {
  const found = await ctx.db
    .select({ stuck: count() })
    .from(orders)
    .where(
      and(
        lte(orders.dueAt, ctx.now),
        eq(orders.receipt, FREE_OF_CHARGE),
        isNull(orders.settledAt),
        lte(orders.createdAt, ctx.now - LATE_AFTER_MS),
      ),
    )
    .get()
  return found?.stuck ?? 0
}

/** For the statements that clear the flag. */
export const isFlaggedAsStuck = eq(payments.attention, REASON)
export const attentionWithoutStuckFlag = sql`nullif(${payments.attention}, ${REASON})`
