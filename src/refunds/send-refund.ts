/** Sends a due refund back the way the money came. Idempotent: a repeat at any time sends nothing twice. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { refundAttemptKey } from '../money/attempt-key.ts'
import { attentionText } from '../money/attention-text.ts'
import { account } from '../money/ledger.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Sent } from '../money/providers/port.ts'
import { isDispute } from '../money/refund-rows.ts'
import {
  type PaymentRow,
  payments,
  type ReceiptRow,
  type RefundRow,
  receipts,
  transfers,
} from '../money/schema.ts'
import { spareMoney } from '../raffles/guarantee.ts'
import { heldFor } from '../raffles/held-for.ts'
import { findRefund } from './find-refund.ts'
import { lossesBefore, organisationsPaidFor } from './ledger-rows.ts'
import {
  BY_HAND,
  claimForCall,
  endLease,
  flagContradiction,
  handToOperators,
  markUnderWay,
  recordRefundPaid,
  reissueRefund,
  scheduleNextPoll,
  scheduleRetry,
  waitForCover,
} from './refund-states.ts'

export async function sendRefund(ctx: Ctx, refund: RefundRow): Promise<RefundRow> {
  if (isDispute(refund)) await recordRefundPaid(ctx, refund, 'bank', null)
  else if (refund.provider === BY_HAND) await handToOperators(ctx, refund, attentionText.payByHand)
  else if (!(await isHeld(ctx, refund))) await waitForCover(ctx, refund)
  else if (await claimForCall(ctx, refund)) await callProvider(ctx, refund)
  return findRefund(ctx, refund.id)
}

/**
 * Goods may be refunded after their shop was paid out, and admissions after their event was. Then the provider would send
 * another organisation's money, or what is set aside for a guarantee. Other tickets are refunded only while their takings
 * are kept. Race: a payout may be approved after this check. Safe: what
 * is due to buyers is already subtracted when the payout's own statement checks.
 */
async function isHeld(ctx: Ctx, refund: RefundRow): Promise<boolean> {
  // It may be with the provider already, so sending it again only polls.
  if (refund.status === 'sent') return true
  for (const organisationId of await organisationsPaidFor(ctx, refund)) {
    const claim = { organisationId, currency: refund.currency }
    const { held, spare } = await ctx.db.get<{ held: number; spare: number }>(sql`
      SELECT ${heldFor({ ...claim, provider: refund.provider })} AS held, ${spareMoney(claim)} AS spare`)
    if (held < 0 || spare < 0) return false
  }
  return true
}

/** Of a claimed refund. If the process dies here, the refund is due once its lease has ended. */
async function callProvider(ctx: Ctx, refund: RefundRow): Promise<void> {
  try {
    await askProvider(ctx, refund)
  } catch (error) {
    await endLease(ctx, refund)
    throw error
  }
}

async function askProvider(ctx: Ctx, refund: RefundRow): Promise<void> {
  const [[payment], [capture], losses] = await ctx.db.batch([
    ...paymentAndCapture(ctx, refund),
    lossesBefore(ctx, refund),
  ])
  if (losses.length > 0) {
    await recordRefundPaid(ctx, refund, 'bank', null)
    return
  }
  const sent = await send(ctx, refund, { tries: refund.tries, pollOnly: false }, payment!, capture!)
  if (sent.status === 'succeeded') await recordRefundPaid(ctx, refund, refund.provider, sent.reference)
  else if (sent.status === 'failed')
    await scheduleRetry(ctx, refund, attentionText.failed(refund.provider, sent.reason))
  else await scheduleNextPoll(ctx, refund, sent)
}

const paymentAndCapture = (ctx: Ctx, { provider, paymentId, receipt }: RefundRow) =>
  [
    ctx.db.select().from(payments).where(eq(payments.id, paymentId)),
    ctx.db
      .select()
      .from(receipts)
      .where(and(eq(receipts.provider, provider), eq(receipts.reference, receipt))),
  ] as const

/** A repeat of the same try returns the present status of that transfer. */
function send(
  ctx: Ctx,
  refund: RefundRow,
  { tries, pollOnly }: { tries: number; pollOnly: boolean },
  payment: PaymentRow,
  capture: ReceiptRow,
): Promise<Sent> {
  const { provider, amount, currency, createdAt } = refund
  const id = refundAttemptKey(refund.id, tries)
  return providerOf(provider).refund(ctx, { id, amount, currency, createdAt, pollOnly, payment, capture })
}

/**
 * Handles a provider event about a refund that is already final. Queries the provider under the last key that was used:
 * a failed refund may have gone through, and a paid one may have come back. A failure that says less is for a person.
 */
export async function checkDecidedRefund(ctx: Ctx, refund: RefundRow): Promise<void> {
  const { id, provider } = refund
  if (provider === BY_HAND || isDispute(refund)) return
  const [[payment], [capture], paidByProvider] = await ctx.db.batch([
    ...paymentAndCapture(ctx, refund),
    ctx.db
      .select({ part: transfers.part })
      .from(transfers)
      .where(
        and(eq(transfers.transactionId, `refund:${id}:paid`), eq(transfers.credit, account.cash(provider))),
      ),
  ])
  const query = (tries: number) => send(ctx, refund, { tries, pollOnly: true }, payment!, capture!)
  if (refund.status === 'failed' && refund.tries > 0) {
    const tries = refund.tries - 1
    const late = await query(tries)
    if (late.status === 'succeeded')
      await recordRefundPaid(ctx, { ...refund, tries }, provider, late.reference)
    else if (late.status !== 'failed') await markUnderWay(ctx, refund, tries)
  } else if (refund.status === 'paid' && paidByProvider.length > 0) {
    const { status, reason, isReturned } = await query(refund.tries)
    if (isReturned) await reissueRefund(ctx, refund)
    else if (status === 'failed' || (status === 'succeeded' && reason !== null))
      await flagContradiction(ctx, refund, reason)
  }
}
