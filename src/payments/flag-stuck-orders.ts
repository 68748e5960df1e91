/** An order whose settling fails again and again comes before operators by the payments that brought its money. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { receiptKeySql } from '../money/receipt-key.ts'
import { payments, receipts } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'

const REASON = 'What it pays for cannot be settled; that is tried again every minute.'

/** A buyer who has paid waits. */
const LATE_AFTER_MS = 10 * MINUTE_MS

/** After a failure: of what came long ago and is neither settled nor sent back; where nothing else needs somebody already. */
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

/** For the statements that end it. */
export const isFlaggedAsStuck = eq(payments.attention, REASON)
export const attentionWithoutStuckFlag = sql`nullif(${payments.attention}, ${REASON})`
