/**
 * Queries the provider of a payment and acts on the answer: captures are settled, a failure is recorded, anything else
 * is polled again. Idempotent, whatever the payment's status.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { formatMoney } from '../core/money.ts'
import { attentionText, whyLate } from '../money/attention-text.ts'
import { nextPoll } from '../money/poll-schedule.ts'
import { providerOf } from '../money/providers/index.ts'
import { hasTimeToPay } from '../money/providers/payment-span.ts'
import type { Capture, Observed, Reversal } from '../money/providers/port.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { failPayment, isOpen } from './fail-payment.ts'
import { recordDispute } from './record-dispute.ts'
import { settleCaptures } from './settle-order.ts'
import { startPayment } from './start-payment.ts'
import { stopPayment } from './stop-payment.ts'

/** Returns the provider's answer. A payment whose start was lost is started, if `mayStart` and there is time to pay. */
export async function reconcilePayment(
  ctx: Ctx,
  payment: PaymentRow,
  { mayStart = true } = {},
): Promise<Observed> {
  const { observed, queried } = await queryProvider(ctx, payment, mayStart)
  if (observed.captures.length > 0) await recordMoney(ctx, queried, observed)
  else if (observed.status === 'failed') await failPayment(ctx, queried, observed.reason)
  else await scheduleNextPoll(ctx, queried, observed)
  if (observed.needsPerson) await flagForPerson(ctx, queried, observed)
  return observed
}

/** Stays until the payment is decided, or an operator dismisses it. It is still polled. */
async function flagForPerson(ctx: Ctx, payment: PaymentRow, { reason }: Observed): Promise<void> {
  ctx.log.error('the reports of a provider do not match our request', { paymentId: payment.id })
  await ctx.db
    .update(payments)
    .set({ attention: attentionText.contradiction(payment.provider, reason), updatedAt: ctx.now })
    .where(eq(payments.id, payment.id))
}

async function recordMoney(ctx: Ctx, payment: PaymentRow, observed: Observed): Promise<void> {
  const [capture] = await settleCaptures(ctx, payment, observed)
  const reversal = await recordDisputes(ctx, payment, observed)
  if (capture === undefined && reversal === undefined) return
  const attention =
    capture === undefined ? reversalMismatch(payment, reversal!) : captureMismatch(payment, capture)
  ctx.log.error('a provider reports money that does not match our records', { paymentId: payment.id })
  await ctx.db
    .update(payments)
    .set({ attention, dueAt: null, updatedAt: ctx.now })
    .where(eq(payments.id, payment.id))
}

/** Returns the first reversal that does not match our records. */
async function recordDisputes(
  ctx: Ctx,
  payment: PaymentRow,
  { takenBack = [] }: Observed,
): Promise<Reversal | undefined> {
  let mismatch: Reversal | undefined
  for (const reversal of takenBack) {
    if (!(await recordDispute(ctx, payment, reversal))) mismatch ??= reversal
  }
  return mismatch
}

const captureMismatch = ({ provider }: PaymentRow, capture: Capture): string =>
  `${provider} reports that ${formatMoney(capture)} arrived (${capture.receiptNumber ?? capture.reference}), which does not match our records.`

const reversalMismatch = ({ provider }: PaymentRow, reversal: Reversal): string =>
  `${provider} reports that it took ${formatMoney(reversal)} back (${reversal.reference}), which does not match our records.`

/** A provider that cannot be reached is no failure of the payment: the answer is `unknown`. */
async function queryProvider(
  ctx: Ctx,
  payment: PaymentRow,
  mayStart: boolean,
): Promise<{ observed: Observed; queried: PaymentRow }> {
  try {
    const queried = mayStart && (await mustStart(ctx, payment)) ? await startPayment(ctx, payment) : payment
    return { observed: await providerOf(payment.provider).fetch(ctx, queried), queried }
  } catch (error) {
    ctx.log.error('a provider could not be reached', { paymentId: payment.id, error })
    const reason = `${payment.provider} could not be reached`
    return { observed: { status: 'unknown', captures: [], reason }, queried: payment }
  }
}

/**
 * Whether its start was lost and there is still time to pay. A provider whose start may be repeated may have the payment
 * already, and then returns it.
 */
async function mustStart(ctx: Ctx, { status, orderId, provider }: PaymentRow): Promise<boolean> {
  if (status !== 'starting') return false
  const order = await ctx.db
    .select({ status: orders.status, receipt: orders.receipt, payUntil: orders.payUntil })
    .from(orders)
    .where(eq(orders.id, orderId))
    .get()
  if (order?.status !== 'pending' || order.receipt !== null || ctx.now >= order.payUntil) return false
  return !providerOf(provider).startsOnce || hasTimeToPay(provider, ctx.now, order.payUntil)
}

/** Schedules the next poll. After the last one the payment goes to operators, because it may still be paid. */
async function scheduleNextPoll(ctx: Ctx, payment: PaymentRow, { status, reason }: Observed): Promise<void> {
  // The order is already paid or has ended, so nobody must pay this payment now.
  if (payment.status === 'expired' && status === 'pending') await stopPayment(ctx, payment)
  // An operator records this money, so there is no provider to poll.
  const byHand = payment.action?.kind === 'manual'
  const dueAt = byHand ? null : nextPoll(payment.createdAt, ctx.now)
  const attention = byHand || dueAt !== null ? null : whyLate(payment, status, reason)
  await ctx.db
    .update(payments)
    .set({ checks: sql`${payments.checks} + 1`, dueAt, attention, updatedAt: ctx.now })
    .where(and(eq(payments.id, payment.id), isOpen))
}
