/**
 * Asks a payment's provider how it stands and takes the answer to its end: money that came is settled, a failure is
 * written down, silence is asked about again. Safe to repeat at any time, whatever the payment's status.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { formatMoney } from '../core/money.ts'
import { SECOND_MS } from '../core/time.ts'
import { whyLate } from '../money/attention-text.ts'
import { nextPoll } from '../money/poll-schedule.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Capture, Observed, Reversal } from '../money/providers/port.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { failPayment, isOpen } from './fail-payment.ts'
import { takeObserved } from './settle-order.ts'
import { startPayment } from './start-payment.ts'
import { stopPayment } from './stop-payment.ts'
import { takeDispute } from './take-dispute.ts'

/** As long as a prompt waits on a phone. */
const ON_THE_PHONE_MS = 60 * SECOND_MS

/** Answers what the provider said. One whose start was lost is started, unless its order is about to end. */
export async function reconcilePayment(
  ctx: Ctx,
  payment: PaymentRow,
  { mayStart = true } = {},
): Promise<Observed> {
  const { observed, asked } = await ask(ctx, payment, mayStart)
  if (observed.captures.length > 0) await take(ctx, asked, observed)
  else if (observed.status === 'failed') await failPayment(ctx, asked, observed.reason)
  else await scheduleNextPoll(ctx, asked, observed)
  return observed
}

async function take(ctx: Ctx, payment: PaymentRow, observed: Observed): Promise<void> {
  const [other] = await takeObserved(ctx, payment, observed)
  const strange = await takeDisputes(ctx, payment, observed)
  if (other === undefined && strange === undefined) return
  const attention = other === undefined ? whyStrange(payment, strange!) : whyOther(payment, other)
  ctx.log.error('a provider tells of money that is written down otherwise', { paymentId: payment.id })
  await ctx.db
    .update(payments)
    .set({ attention, dueAt: null, updatedAt: ctx.now })
    .where(eq(payments.id, payment.id))
}

/** Answers one that is told otherwise than it is written down. */
async function takeDisputes(
  ctx: Ctx,
  payment: PaymentRow,
  { takenBack = [] }: Observed,
): Promise<Reversal | undefined> {
  let strange: Reversal | undefined
  for (const told of takenBack) if (!(await takeDispute(ctx, payment, told))) strange ??= told
  return strange
}

const whyOther = ({ provider }: PaymentRow, capture: Capture): string =>
  `${provider} says that ${formatMoney(capture)} came (${capture.receiptNumber ?? capture.reference}), which is written down as other money.`

const whyStrange = ({ provider }: PaymentRow, told: Reversal): string =>
  `${provider} says that it took ${formatMoney(told)} back (${told.reference}), which does not agree with what is written down.`

/** A provider that cannot be asked has said nothing: that is no failure of the payment. */
async function ask(
  ctx: Ctx,
  payment: PaymentRow,
  mayStart: boolean,
): Promise<{ observed: Observed; asked: PaymentRow }> {
  try {
    const asked = mayStart && (await mustStart(ctx, payment)) ? await startPayment(ctx, payment) : payment
    return { observed: await providerOf(payment.provider).fetch(ctx, asked), asked }
  } catch (error) {
    ctx.log.error('a provider could not be asked', { paymentId: payment.id, error })
    const reason = `${payment.provider} could not be asked`
    return { observed: { status: 'unknown', captures: [], reason }, asked: payment }
  }
}

/** Whether its start was lost while there is still time to pay; a phone is not asked at the last moment. */
async function mustStart(ctx: Ctx, { status, orderId, provider }: PaymentRow): Promise<boolean> {
  if (status !== 'starting') return false
  const order = await ctx.db
    .select({ status: orders.status, receipt: orders.receipt, payUntil: orders.payUntil })
    .from(orders)
    .where(eq(orders.id, orderId))
    .get()
  const leastMs = providerOf(provider).startsOnce ? ON_THE_PHONE_MS : 0
  return order?.status === 'pending' && order.receipt === null && ctx.now + leastMs < order.payUntil
}

/** Never given up while it may still be paid: after the last look an operator is asked to see to it. */
async function scheduleNextPoll(ctx: Ctx, payment: PaymentRow, { status, reason }: Observed): Promise<void> {
  // Its order is paid by another or over: what is paid all the same will go back.
  if (payment.status === 'expired' && status === 'pending') await stopPayment(ctx, payment)
  // An operator says what came of it; there is nobody to ask.
  const byHand = payment.action?.kind === 'manual'
  const dueAt = byHand ? null : nextPoll(payment.createdAt, ctx.now)
  const attention = byHand || dueAt !== null ? null : whyLate(payment, status, reason)
  await ctx.db
    .update(payments)
    .set({ checks: sql`${payments.checks} + 1`, dueAt, attention, updatedAt: ctx.now })
    .where(and(eq(payments.id, payment.id), isOpen))
}
