/** Shows on a payment that one of its refunds needs a person, and clears it again. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { RefundRow } from '../money/schema.ts'
import { payments, refunds } from '../money/schema.ts'

/**
 * Operators have one list: payments that need attention. A refund that needs a person puts its payment on the list, and
 * takes it off again. If the payment is listed for another reason, that reason is shown first.
 */
export function showRefundOnPayment(
  ctx: Ctx,
  { orderId, paymentId }: Pick<RefundRow, 'orderId' | 'paymentId'>,
) {
  return ctx.db
    .update(payments)
    .set({
      attention: sql`(SELECT ${REFUND_WAITS} || ${refunds.attention} FROM ${refunds}
        WHERE ${refunds.orderId} = ${orderId} AND ${refunds.paymentId} = ${paymentId}
          AND ${refunds.attention} IS NOT NULL LIMIT 1)`,
    })
    .where(
      and(
        eq(payments.id, paymentId),
        eq(payments.status, 'succeeded'),
        sql`(${payments.attention} IS NULL OR ${isForRefund})`,
      ),
    )
}

/** Stored with the reason and matched below. Rows with an old text would no longer be cleared if it changed. */
const REFUND_WAITS = 'A refund waits: '

/** Whether a refund is the reason why the payment needs attention. */
export const isForRefund = sql`substr(${payments.attention}, 1, ${REFUND_WAITS.length}) = ${REFUND_WAITS}`

/**
 * Shows on a payment that its money was taken back, or that reports about a refund contradict. It stays until an operator dismisses it. If another reason is shown
 * already, `text` is added to it.
 */
export const flagDispute = (
  ctx: Ctx,
  { paymentId }: Pick<RefundRow, 'paymentId'>,
  text: string,
  guard: SQL,
) =>
  ctx.db
    .update(payments)
    .set({
      attention: sql`iif(${payments.attention} IS NULL OR ${isForRefund}, '', ${payments.attention} || ' ') || ${text}`,
      updatedAt: ctx.now,
    })
    .where(and(eq(payments.id, paymentId), guard))
