/** What operators do about a payment: query its provider, record money that no provider reports, or dismiss it. */

import { and, eq, inArray, isNotNull, isNull, type SQL, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import type { Money } from '../core/money.ts'
import { toInstant } from '../core/time.ts'
import type { Provider } from '../money/provider-name.ts'
import type { Capture } from '../money/providers/port.ts'
import { requireStatement } from '../money/require-statement.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts, refunds, webhooks } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { isForRefund, showRefundOnPayment } from '../refunds/attention.ts'
import { resumeRefund } from '../refunds/resume-refund.ts'
import type { ManagedPayment, RecordedReceipt, RecordReceipt } from './contract.ts'
import { findPaymentFor, presentManagedPayment } from './find-payment.ts'
import { isReceiptNamed } from './receipts.ts'
import { reconcilePayment } from './reconcile-payment.ts'
import { settleCaptures } from './settle-order.ts'

export async function checkPayment(ctx: Ctx, id: string): Promise<ManagedPayment> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'any')
  await reconcilePayment(ctx, payment)
  const resumed = await openRefunds(ctx, payment)
  for (const refund of resumed) await resumeRefund(ctx, refund)
  const fields = resumed.map((refund) => `refunds.${refund.id}`)
  // The provider's answer takes effect as in the sweep, so only the request itself is audited.
  await insertAudit(ctx, { ...entryOf(id, organisationIds, 'payment.reconciled'), fields }, sql`true`)
  const now = await ctx.db.select().from(payments).where(eq(payments.id, id)).get()
  return presentManagedPayment(now!)
}

/** Refunds that the provider may still send. */
const openRefunds = (ctx: Ctx, { id, orderId }: PaymentRow) =>
  ctx.db
    .select()
    .from(refunds)
    .where(
      and(
        eq(refunds.orderId, orderId),
        eq(refunds.paymentId, id),
        inArray(refunds.status, ['requested', 'due', 'sent', 'failed']),
      ),
    )

/**
 * Records money by its reference: one reference belongs to one payment at a provider, or within an organisation. Two
 * requests may record the same reference at once. That is safe: the receipt's primary key lets one win, and the other
 * reads the receipt afterwards and is refused.
 */
export async function recordReceipt(ctx: Ctx, id: string, input: RecordReceipt): Promise<RecordedReceipt> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'every')
  const { provider } = payment
  const byHand = provider === 'manual'
  if (!byHand) await requireStatement(ctx, provider)
  const { amount, currency } = input.amount ?? payment
  if (currency !== payment.currency) throw invalid('amount.currency', `must be ${payment.currency}`)
  const reference = byHand ? `${organisationIds[0]}/${input.reference}` : input.reference
  const known = await receiptOf(ctx, provider, reference)
  requireSame(known, payment, amount)
  if (known === undefined && !byHand && (payment.status === 'succeeded' || payment.attention === null)) {
    throw isReportedByProvider(provider)
  }
  const audited = entryOf(id, organisationIds, 'payment.receipt_recorded')
  await settleCaptures(
    ctx,
    payment,
    { status: 'succeeded', captures: [captureOf(payment, reference, { amount, currency })], reason: null },
    { guard: byHand ? undefined : isUnreported(id), audited },
  )
  const receipt = await receiptOf(ctx, provider, reference)
  requireSame(receipt, payment, amount)
  if (receipt === undefined) throw isReportedByProvider(provider)
  if (byHand) await showReference(ctx, payment, reference)
  return {
    paymentId: id,
    orderId: payment.orderId,
    reference: input.reference,
    amount: { amount, currency },
    recordedAt: toInstant(receipt.at),
  }
}

const entryOf = (id: string, organisationIds: readonly string[], action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'payment', id },
  organisationId: organisationIds.length === 1 ? organisationIds[0]! : null,
})

/**
 * The capture as the provider would report it later, so that such a report is recognised as the same money. It has the
 * provider's id of the payment, if that is known, and the number on the statement.
 */
const captureOf = (payment: PaymentRow, reference: string, sum: Money): Capture =>
  payment.provider === 'manual'
    ? { ...sum, reference }
    : { ...sum, reference: payment.reference ?? reference, receiptNumber: reference }

const isUnreported = (id: string): SQL => sql`EXISTS (SELECT 1 FROM ${payments}
  WHERE ${payments.id} = ${id} AND ${payments.status} <> 'succeeded' AND ${payments.attention} IS NOT NULL)`

const receiptOf = (ctx: Ctx, provider: Provider, reference: string): Promise<ReceiptRow | undefined> =>
  ctx.db
    .select()
    .from(receipts)
    .where(isReceiptNamed(provider, [reference]))
    .get()

function requireSame(known: ReceiptRow | undefined, { id }: PaymentRow, amount: number): void {
  if (known === undefined) return
  if (known.paymentId !== id) throw referenceIsUsed()
  if (known.amount !== amount) {
    throw new Problem('conflict', 'This reference is already recorded with another amount.')
  }
}

/** Operators search by reference, so the payment shows the first recorded one instead of its own id. */
async function showReference(ctx: Ctx, { id }: PaymentRow, reference: string): Promise<void> {
  const isShown = sql`EXISTS (SELECT 1 FROM ${payments} AS other
    WHERE other.provider = 'manual' AND other.reference = ${reference} AND other.reference <> other.id)`
  await withRetry(() =>
    ctx.db
      .update(payments)
      .set({ reference })
      .where(
        and(eq(payments.id, id), sql`coalesce(${payments.reference}, ${id}) = ${id}`, sql`NOT ${isShown}`),
      ),
  )
}

/**
 * Takes a payment off the attention list. Webhooks about it so far are marked as acted on, or the sweep would put it
 * back within a minute. Later webhooks are acted on as usual. If a refund needs attention too, that reason is shown
 * next.
 */
export async function dismissPayment(ctx: Ctx, id: string, reason: string): Promise<ManagedPayment> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'any')
  const { userId } = requireUser(ctx)
  const isOrderPending = sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${payment.orderId}
    AND ${orders.status} = 'pending')`
  const isDismissible = and(
    eq(payments.id, id),
    isNotNull(payments.attention),
    sql`NOT ${isForRefund}`,
    sql`NOT ${isOrderPending}`,
  )
  const [, [dismissed], , , [now], [order]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(webhooks)
        .set({ actedAt: ctx.now })
        .where(
          and(
            eq(webhooks.subjectId, id),
            isNull(webhooks.actedAt),
            sql`EXISTS (SELECT 1 FROM ${payments} WHERE ${isDismissible})`,
          ),
        ),
      ctx.db
        .update(payments)
        .set({
          status: sql`iif(${payments.status} IN ('starting', 'pending'), 'expired', ${payments.status})`,
          attention: null,
          dueAt: null,
          dismissal: { by: userId, reason, at: ctx.now },
          updatedAt: ctx.now,
        })
        .where(isDismissible)
        .returning({ id: payments.id }),
      // The audit has no free text: the reason stays with the payment.
      insertAudit(ctx, entryOf(id, organisationIds, 'payment.dismissed')),
      showRefundOnPayment(ctx, { orderId: payment.orderId, paymentId: id }),
      ctx.db.select().from(payments).where(eq(payments.id, id)),
      ctx.db.select({ status: orders.status }).from(orders).where(eq(orders.id, payment.orderId)),
    ]),
  )
  if (dismissed !== undefined) {
    ctx.log.info('payment dismissed', { paymentId: id, userId })
  } else if (now!.attention !== null) throw notDismissible(order!.status === 'pending')
  return presentManagedPayment(now!)
}

const notDismissible = (isOrderPending: boolean) =>
  new Problem(
    'invalid_state',
    isOrderPending
      ? 'The order still waits for this payment. Dismiss it once the order is settled or has ended.'
      : 'A refund of this payment waits. The payment needs attention until the refund is paid or refused.',
  )

const isReportedByProvider = (provider: Provider) =>
  new Problem(
    'invalid_state',
    `${provider} reports its payments itself. Record one only if no money has arrived and it needs attention.`,
  )

const referenceIsUsed = () => new Problem('conflict', 'This reference is recorded for another payment.')
