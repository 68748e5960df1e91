/** Acts on a stored webhook. The webhook is only a hint: the provider is polled for the truth, which takes effect once. */
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { type PaymentRow, payments, payouts, refunds, webhooks } from '../money/schema.ts'
import { reconcilePayment } from '../payments/reconcile-payment.ts'
import { checkDecidedPayout } from '../payouts/decided-payouts.ts'
import { readPayout } from '../payouts/find-payout.ts'
import { checkRedirectedPayout } from '../payouts/redirected-payouts.ts'
import { findRefund } from '../refunds/find-refund.ts'
import { checkDecidedRefund } from '../refunds/send-refund.ts'

const RETRY_AFTER_SECONDS = 60

export type WebhookRow = typeof webhooks.$inferSelect

/** The payment that a webhook is about; undefined if it is about a refund or payout. */
export const findPaymentOf = (ctx: Ctx, { subjectId }: WebhookRow): Promise<PaymentRow | undefined> =>
  ctx.db.select().from(payments).where(eq(payments.id, subjectId)).get()

/**
 * Idempotent. The row is marked as done only afterwards, so that the sweep repeats it after a crash in between. A row about
 * a payment that is polled anyway was marked when it was stored: after a crash, the next poll does the same.
 */
export async function actOnWebhook(
  ctx: Ctx,
  webhook: WebhookRow,
  payment: PaymentRow | undefined,
): Promise<void> {
  try {
    await reconcileSubject(ctx, webhook, payment)
  } catch (error) {
    if (webhook.actedAt !== null) await markActed(ctx, webhook, null)
    throw error
  }
  if (webhook.actedAt === null) await markActed(ctx, webhook, ctx.now)
}

const markActed = ({ db }: Ctx, { provider, eventId }: WebhookRow, actedAt: number | null) =>
  withRetry(() =>
    db
      .update(webhooks)
      .set({ actedAt })
      .where(
        and(
          eq(webhooks.provider, provider),
          eq(webhooks.eventId, eventId),
          actedAt === null ? isNotNull(webhooks.actedAt) : isNull(webhooks.actedAt),
        ),
      ),
  )

async function reconcileSubject(
  ctx: Ctx,
  { provider, subject, subjectId }: WebhookRow,
  payment: PaymentRow | undefined,
): Promise<void> {
  if (payment !== undefined) {
    const { status, reason, needsPerson } = await reconcilePayment(ctx, payment)
    // A final payment is not polled again, so the event would be lost. Throwing leaves it to the sweep. What a person was
    // told about has had its effect.
    if (status === 'unknown' && !needsPerson) {
      throw new Problem(
        'unavailable',
        `The webhook had no effect: ${reason ?? `${provider} does not know`}.`,
        {
          retryAfterSeconds: RETRY_AFTER_SECONDS,
        },
      )
    }
    return
  }
  if (subject === 'refund') await checkDecidedRefund(ctx, await findRefund(ctx, subjectId))
  else {
    const payout = (await readPayout(ctx, subjectId))!
    if (payout.provider !== provider) return checkRedirectedPayout(ctx, payout, provider)
    await checkDecidedPayout(ctx, payout)
  }
  // Make it due now, so that its own sweep polls the provider next.
  const table = subject === 'refund' ? refunds : payouts
  const dueNow = sql`min(coalesce(${table.dueAt}, ${ctx.now}), ${ctx.now})`
  await withRetry(() =>
    ctx.db
      .update(table)
      .set({ dueAt: dueNow })
      .where(and(eq(table.id, subjectId), eq(table.status, 'sent'))),
  )
}
