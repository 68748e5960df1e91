/** Continues any refund from its present status. Idempotent: finished steps are not repeated. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { attentionText } from '../money/attention-text.ts'
import { LATE_AFTER_MS } from '../money/poll-schedule.ts'
import { type RefundRow, refunds } from '../money/schema.ts'
import { showRefundOnPayment } from './attention.ts'
import { sendRefund } from './send-refund.ts'
import { takeBack } from './take-back-tickets.ts'

/** The pause after an error, so that other due refunds come first. */
const PAUSE_AFTER_ERROR_MS = MINUTE_MS

/**
 * Returns false after an error. The error is logged, and the refund is retried every minute. After an hour operators see
 * it.
 */
export async function resumeRefund(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  try {
    await resume(ctx, refund)
    return true
  } catch (error) {
    ctx.log.error('refund not resumed', { refundId: refund.id, status: refund.status, error })
    await scheduleAfterError(ctx, refund)
    return false
  }
}

async function resume(ctx: Ctx, refund: RefundRow): Promise<void> {
  const known = refund.status === 'requested' ? await takeBack(ctx, refund) : refund
  if (known.status === 'due' || known.status === 'sent' || known.status === 'failed') {
    await sendRefund(ctx, known)
  }
}

/** Does nothing if the refund changed meanwhile, or if operators already have it. */
async function scheduleAfterError(ctx: Ctx, refund: RefundRow): Promise<void> {
  if (refund.dueAt === null) return
  const isLate = ctx.now - refund.createdAt >= LATE_AFTER_MS
  try {
    await ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          dueAt: ctx.now + PAUSE_AFTER_ERROR_MS,
          attention: isLate ? whyStuck(refund) : refunds.attention,
        })
        .where(and(eq(refunds.id, refund.id), eq(refunds.dueAt, refund.dueAt))),
      showRefundOnPayment(ctx, refund),
    ])
  } catch (error) {
    ctx.log.error('refund not rescheduled', { refundId: refund.id, error })
  }
}

const whyStuck = ({ status, provider }: RefundRow): string =>
  status === 'requested'
    ? 'Its tickets cannot be taken back; this is retried every minute.'
    : attentionText.cannotBeSent(provider)
