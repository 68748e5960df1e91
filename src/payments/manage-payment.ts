/** What people do about a payment: have its provider asked now, record money that nothing tells of, or say that it needs nobody. */

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
import { takeObserved } from './settle-order.ts'

export async function checkPayment(ctx: Ctx, id: string): Promise<ManagedPayment> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'any')
  await reconcilePayment(ctx, payment)
  const resumed = await openRefunds(ctx, payment)
  for (const refund of resumed) await resumeRefund(ctx, refund)
  const fields = resumed.map((refund) => `refunds.${refund.id}`)
  // What it found is the provider's word, as by the sweep; that somebody asked is all there is to audit.
  await insertAudit(ctx, { ...entryOf(id, organisationIds, 'payment.reconciled'), fields }, sql`true`)
  const now = await ctx.db.select().from(payments).where(eq(payments.id, id)).get()
  return presentManagedPayment(now!)
}

/** Those that its provider may still send. */
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
 * Once for its reference, which is one payment's at its provider, or within an organisation: the same transfer pays for one
 * order. Of two that are recorded at the same moment the receipt's own row lets one have it; the other finds that out
 * afterwards.
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
  mustBeSame(known, payment, amount)
  if (known === undefined && !byHand && (payment.status === 'succeeded' || payment.attention === null)) {
    throw isToldThere(provider)
  }
  const audited = entryOf(id, organisationIds, 'payment.receipt_recorded')
  await takeObserved(
    ctx,
    payment,
    { status: 'succeeded', captures: [captureOf(payment, reference, { amount, currency })], reason: null },
    { guard: byHand ? undefined : isUntold(id), audited },
  )
  const taken = await receiptOf(ctx, provider, reference)
  mustBeSame(taken, payment, amount)
  if (taken === undefined) throw isToldThere(provider)
  if (byHand) await showReference(ctx, payment, reference)
  return {
    paymentId: id,
    orderId: payment.orderId,
    reference: input.reference,
    amount: { amount, currency },
    recordedAt: toInstant(taken.at),
  }
}

const entryOf = (id: string, organisationIds: readonly string[], action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'payment', id },
  organisationId: organisationIds.length === 1 ? organisationIds[0]! : null,
})

/** As its provider would tell of it later: by its own id of the payment where that is known, and by the statement's. */
const captureOf = (payment: PaymentRow, reference: string, sum: Money): Capture =>
  payment.provider === 'manual'
    ? { ...sum, reference }
    : { ...sum, reference: payment.reference ?? reference, receiptNumber: reference }

const isUntold = (id: string): SQL => sql`EXISTS (SELECT 1 FROM ${payments}
  WHERE ${payments.id} = ${id} AND ${payments.status} <> 'succeeded' AND ${payments.attention} IS NOT NULL)`

const receiptOf = (ctx: Ctx, provider: Provider, reference: string): Promise<ReceiptRow | undefined> =>
  ctx.db
    .select()
    .from(receipts)
    .where(isReceiptNamed(provider, [reference]))
    .get()

function mustBeSame(known: ReceiptRow | undefined, { id }: PaymentRow, amount: number): void {
  if (known === undefined) return
  if (known.paymentId !== id) throw referenceIsUsed()
  if (known.amount !== amount) {
    throw new Problem('conflict', 'This reference is recorded already, with another amount.')
  }
}

/** Where operators look for it, a payment shows the first that was recorded for it in place of its own id. */
async function showReference(ctx: Ctx, { id }: PaymentRow, reference: string): Promise<void> {
  const isShown = sql`EXISTS (SELECT 1 FROM ${payments} AS other
    WHERE other.provider = 'manual' AND other.reference = ${reference})`
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
 * Somebody has seen to it, or nobody paid. What was told of it until now counts as acted on, else it would be back within a
 * minute; what is told from now on is acted on as ever. A refund that waits behind another reason comes to light.
 */
export async function dismissPayment(ctx: Ctx, id: string, reason: string): Promise<ManagedPayment> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'any')
  const { userId } = requireUser(ctx)
  const waits = sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${payment.orderId}
    AND ${orders.status} = 'pending')`
  const isDismissible = and(
    eq(payments.id, id),
    isNotNull(payments.attention),
    sql`NOT ${isForRefund}`,
    sql`NOT ${waits}`,
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
      // The reason stays with the payment.
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

const notDismissible = (waits: boolean) =>
  new Problem(
    'invalid_state',
    waits
      ? 'Its order waits for this payment: once that is settled or over, it can be dismissed.'
      : 'A refund of this payment waits: it needs somebody until that is paid or refused.',
  )

const isToldThere = (provider: Provider) =>
  new Problem(
    'invalid_state',
    `What comes by ${provider} is known from there, unless nothing has come and somebody must look at it.`,
  )

const referenceIsUsed = () => new Problem('conflict', 'This reference is recorded for another payment.')
