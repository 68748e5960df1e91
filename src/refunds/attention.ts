/** Shows on a payment that one of its refunds needs a person, and clears that again. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { RefundRow } from '../money/schema.ts'
import { payments, refunds } from '../money/schema.ts'

/**
 * Operators have one list of what needs them: a refund that does puts its payment there, and takes it away again. Where that
 * is there for another reason, the refund's turn comes after it.
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

export const REFUND_WAITS = 'A refund waits: '

/** Of a payment: that is why somebody must look at it. */
export const isForRefund = sql`substr(${payments.attention}, 1, ${REFUND_WAITS.length}) = ${REFUND_WAITS}`

/** Of a payment whose money was taken back: whoever reads of it dismisses it. Beside another reason, it is another sentence. */
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
