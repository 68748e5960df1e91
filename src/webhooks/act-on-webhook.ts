/** What a webhook does: it only says where to look. What is true is asked of the provider, and takes effect once. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { type PaymentRow, payments, payouts, refunds, webhooks } from '../money/schema.ts'
import { reconcilePayment } from '../payments/reconcile-payment.ts'
import { readPayout } from '../payouts/find-payout.ts'
import { checkFailedPayout } from '../payouts/send-payout.ts'
import { findRefund } from '../refunds/find-refund.ts'
import { checkDecidedRefund } from '../refunds/send-refund.ts'

const RETRY_AFTER_SECONDS = 60

export type WebhookRow = typeof webhooks.$inferSelect

/** The payment that a webhook is about; of a refund or a payout, none. */
export const findSubject = (ctx: Ctx, { subjectId }: WebhookRow): Promise<PaymentRow | undefined> =>
  ctx.db.select().from(payments).where(eq(payments.id, subjectId)).get()

/** Safe to repeat; noted as done only afterwards, so that a crash in between is made good by the sweep. */
export async function actOnWebhook(
  ctx: Ctx,
  webhook: WebhookRow,
  payment: PaymentRow | undefined,
): Promise<void> {
  await lookAt(ctx, webhook, payment)
  await withRetry(() =>
    ctx.db
      .update(webhooks)
      .set({ actedAt: ctx.now })
      .where(
        and(
          eq(webhooks.provider, webhook.provider),
          eq(webhooks.eventId, webhook.eventId),
          isNull(webhooks.actedAt),
        ),
      ),
  )
}

async function lookAt(
  ctx: Ctx,
  { provider, subject, subjectId }: WebhookRow,
  payment: PaymentRow | undefined,
): Promise<void> {
  if (payment !== undefined) {
    const { status, reason } = await reconcilePayment(ctx, payment)
    // Else what it told of would be forgotten: nobody asks again about a payment that is decided.
    if (status === 'unknown') {
      throw new Problem('unavailable', `Nothing came of it: ${reason ?? `${provider} does not know`}.`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      })
    }
    return
  }
  if (subject === 'refund') await checkDecidedRefund(ctx, await findRefund(ctx, subjectId))
  else await checkFailedPayout(ctx, (await readPayout(ctx, subjectId))!)
  // Money on its way out: its own sweep, a moment later, asks the provider.
  const table = subject === 'refund' ? refunds : payouts
  const soonest = sql`min(coalesce(${table.dueAt}, ${ctx.now}), ${ctx.now})`
  await withRetry(() =>
    ctx.db
      .update(table)
      .set({ dueAt: soonest })
      .where(and(eq(table.id, subjectId), eq(table.status, 'sent'))),
  )
}
