/** Takes any refund on from where it stands; what is done already is not done again. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { attentionText } from '../money/attention-text.ts'
import { LATE_AFTER_MS } from '../money/poll-schedule.ts'
import { type RefundRow, refunds } from '../money/schema.ts'
import { showRefundOnPayment } from './attention.ts'
import { sendRefund } from './send-refund.ts'
import { takeBack } from './take-back-tickets.ts'

/** Until what threw is tried again: what stands behind it comes first. */
const PAUSE_AFTER_ERROR_MS = MINUTE_MS

/** False where that threw: it is logged, and tried again in a minute, for ever; after an hour somebody is told. */
export async function resumeRefund(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  try {
    await resume(ctx, refund)
    return true
  } catch (error) {
    ctx.log.error('refund not resumed', { refundId: refund.id, status: refund.status, error })
    await later(ctx, refund)
    return false
  }
}

async function resume(ctx: Ctx, refund: RefundRow): Promise<void> {
  const known = refund.status === 'requested' ? await takeBack(ctx, refund) : refund
  if (known.status === 'due' || known.status === 'sent' || known.status === 'failed') {
    await sendRefund(ctx, known)
  }
}

/** Unless it has changed meanwhile; one that is not due is left to people already. */
async function later(ctx: Ctx, refund: RefundRow): Promise<void> {
  if (refund.dueAt === null) return
  const isLate = ctx.now - refund.createdAt >= LATE_AFTER_MS
  try {
    await ctx.db.batch([
      ctx.db
        .update(refunds)
        .set({
          dueAt: ctx.now + PAUSE_AFTER_ERROR_MS,
          attention: isLate ? whyLate(refund) : refunds.attention,
        })
        .where(and(eq(refunds.id, refund.id), eq(refunds.dueAt, refund.dueAt))),
      showRefundOnPayment(ctx, refund),
    ])
  } catch (error) {
    ctx.log.error('refund not put off', { refundId: refund.id, error })
  }
}

const whyLate = ({ status, provider }: RefundRow): string =>
  status === 'requested'
    ? 'Its tickets cannot be taken back; this is retried every minute.'
    : attentionText.cannotBeSent(provider)
