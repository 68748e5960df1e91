/** Records that a payment failed at its provider. Money that was already recorded for the order is not affected. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { nextPoll } from '../money/poll-schedule.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'

/** No money is known to have arrived by this payment. */
export const isOpen = inArray(payments.status, ['starting', 'pending', 'failed', 'expired'])

/**
 * Adds the failure to the order's history, except for an expired payment, whose end is already recorded. A payment with
 * money is left as it is. The provider is polled again unless the failure is final, because a late success overrides a
 * failure. Returns the present row.
 */
export async function failPayment(
  ctx: Ctx,
  { id, orderId, createdAt }: PaymentRow,
  reason: string | null,
  { isFinal = false } = {},
): Promise<PaymentRow> {
  const hasFailed = sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${payments.id} = ${id} AND ${payments.status} = 'failed')`
  const [, , [present]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(payments)
        .set({
          status: sql`iif(${payments.status} = 'expired', 'expired', 'failed')`,
          failure: sql`iif(${payments.status} = 'expired', ${payments.failure}, ${reason})`,
          checks: sql`${payments.checks} + 1`,
          dueAt: isFinal ? null : nextPoll(createdAt, ctx.now),
          attention: null,
          updatedAt: ctx.now,
        })
        .where(and(eq(payments.id, id), isOpen)),
      insertOrderEvent(ctx, orderId, `failed:${id}`, historyText.declined(reason), hasFailed),
      ctx.db.select().from(payments).where(eq(payments.id, id)),
    ]),
  )
  return present!
}
