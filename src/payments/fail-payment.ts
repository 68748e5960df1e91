/** A payment that its provider says has failed; what is known of its order's money does not change by it. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { nextPoll } from '../money/poll-schedule.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'

/** No money has come by it, as far as is known. */
export const isOpen = inArray(payments.status, ['starting', 'pending', 'failed', 'expired'])

/**
 * Of one that had expired the order was told already; money that came is never taken back by this. A failure is asked
 * about again, unless it is final: providers have been known to change their mind. Answers the payment as it stands then.
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
