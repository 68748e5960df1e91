/** What operators do about a payment: have its provider asked now, or record money that came by hand. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts, refunds } from '../money/schema.ts'
import { findPaymentFor, presentManagedPayment } from './find-payment.ts'
import type { ManagedPayment, RecordedReceipt, RecordReceipt } from './payment-contract.ts'
import { reconcilePayment } from './reconcile-payment.ts'
import { resumeRefund } from './resume-refund.ts'
import { takeObserved } from './settle-order.ts'

export async function checkPayment(ctx: Ctx, id: string): Promise<ManagedPayment> {
  const { payment } = await findPaymentFor(ctx, id, 'payments:manage', 'any')
  await reconcilePayment(ctx, payment)
  for (const refund of await openRefunds(ctx, payment)) await resumeRefund(ctx, refund)
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
 * Once for its reference, which is one payment's within an organisation: the same transfer pays for one order. Of two
 * that are recorded at the same moment the receipt's own row lets one have it; the other finds that out afterwards.
 */
export async function recordReceipt(ctx: Ctx, id: string, input: RecordReceipt): Promise<RecordedReceipt> {
  const { payment, organisationIds } = await findPaymentFor(ctx, id, 'payments:manage', 'every')
  if (payment.provider !== 'manual') {
    throw new Problem('invalid_state', `What comes by ${payment.provider} is known from there.`)
  }
  const { amount, currency } = input.amount ?? payment
  if (currency !== payment.currency) throw invalid('amount.currency', `must be ${payment.currency}`)
  const reference = `${organisationIds[0]}/${input.reference}`
  const known = await receiptOf(ctx, reference)
  mustBeSame(known, payment, amount)
  await takeObserved(ctx, payment, {
    status: 'succeeded',
    captures: [{ reference, amount, currency }],
    reason: null,
  })
  const taken = await receiptOf(ctx, reference)
  mustBeSame(taken, payment, amount)
  await showReference(ctx, payment, reference)
  return {
    paymentId: id,
    orderId: payment.orderId,
    reference: input.reference,
    amount: { amount, currency },
    recordedAt: toInstant(taken!.at),
  }
}

const receiptOf = (ctx: Ctx, reference: string): Promise<ReceiptRow | undefined> =>
  ctx.db
    .select()
    .from(receipts)
    .where(and(eq(receipts.provider, 'manual'), eq(receipts.reference, reference)))
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

const referenceIsUsed = () => new Problem('conflict', 'This reference is recorded for another payment.')
