/**
 * Records money that a provider took back: a dispute with the payer's bank, or a refund made at the provider itself. One
 * batch takes the money out of `cash` and inserts a refund of the tickets, which the bank has already paid. From then on
 * it is processed like any refund. If no ticket can be taken back, it is `refused` at once.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import type { Reversal } from '../money/providers/port.ts'
import { receiptKey } from '../money/receipt-key.ts'
import { disputeKey } from '../money/refund-rows.ts'
import { type PaymentRow, type ReceiptRow, receipts, refunds, transfers } from '../money/schema.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { orders } from '../orders/schema.ts'
import { flagDispute } from '../refunds/attention.ts'
import { findRefundByKey } from '../refunds/find-refund.ts'
import { disputeText } from '../refunds/history-text.ts'
import { priceOf, refundableOf, reserve } from '../refunds/reserve-refund.ts'
import { resumeRefund } from '../refunds/resume-refund.ts'
import { takeBack } from '../refunds/take-back-tickets.ts'
import { isReceiptNamed } from './receipts.ts'
import { recordWonDispute } from './record-won-dispute.ts'

/** A try fails only if another refund of the same order was recorded in between. */
const MAX_TRIES = 5

/** Idempotent. Returns false if the reversal does not match our record of its capture, or of itself. */
export async function recordDispute(ctx: Ctx, payment: PaymentRow, reversal: Reversal): Promise<boolean> {
  const { orderId, provider } = payment
  const key = disputeKey(provider, reversal.reference)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const { capture, known } = await readKnown(ctx, payment, reversal, key)
    if (known !== undefined) {
      if (known.orderId !== orderId || !isSameSum(known, reversal)) return false
      await resumeRefund(ctx, (await findRefundByKey(ctx, orderId, key))!)
      if (reversal.isReturned) await recordWon(ctx, payment, reversal, key)
      return true
    }
    if (capture?.paymentId !== payment.id) return false
    if (capture.currency !== reversal.currency || capture.amount < reversal.amount) return false
    await insertDispute(ctx, payment, capture, reversal)
  }
  throw new Problem('unavailable', 'Other refunds of this order are under way.')
}

/** What the organisation has lost is known once the tickets are decided. Throws before: the provider's event is acted on again. */
async function recordWon(ctx: Ctx, payment: PaymentRow, reversal: Reversal, key: string): Promise<void> {
  const refund = (await findRefundByKey(ctx, payment.orderId, key))!
  if (refund.status === 'requested') {
    throw new Problem('unavailable', 'The tickets of this disputed payment are not decided yet.')
  }
  await recordWonDispute(ctx, payment, reversal, refund)
}

const isSameSum = (known: { amount: number; currency: string }, reversal: Reversal): boolean =>
  known.amount === reversal.amount && known.currency === reversal.currency

async function readKnown(ctx: Ctx, { provider }: PaymentRow, { capture: reference }: Reversal, key: string) {
  const [[capture], [known]] = await ctx.db.batch([
    ctx.db
      .select()
      .from(receipts)
      .where(isReceiptNamed(provider, [reference])),
    ctx.db.select().from(transfers).where(eq(transfers.transactionId, key)),
  ])
  return { capture, known }
}

/** Does nothing if the order's refunds changed since they were read. The caller then tries again. */
async function insertDispute(
  ctx: Ctx,
  payment: PaymentRow,
  capture: ReceiptRow,
  reversal: Reversal,
): Promise<void> {
  const { orderId, provider } = payment
  const { amount, currency, fee = 0 } = reversal
  const key = disputeKey(provider, reversal.reference)
  for (const refund of await requestedRefunds(ctx, orderId)) await takeBack(ctx, refund)
  const rows = await findOrder(ctx, orderId)
  const rest = await paidBy(ctx, rows, capture)
  const price = priceOf(rows.lines, rest)
  const takesBack = price > 0 && price <= amount
  const refund = {
    orderId,
    key,
    request: '',
    provider,
    paymentId: payment.id,
    receipt: capture.reference,
    amount: takesBack ? price : amount,
    currency,
    reason: disputeText.taken(reversal),
    lines: takesBack ? rest : [],
    status: takesBack ? ('requested' as const) : ('refused' as const),
  }
  const sum = { part: 0, credit: account.cash(provider), currency, orderId }
  const moved: Transfer[] = [{ ...sum, transactionId: key, debit: account.disputes, amount }]
  if (fee > 0) moved.push({ ...sum, transactionId: `fee:${key}`, debit: account.fees, amount: fee })
  await reserve(ctx, refund, {
    guard: isAsRead(rows, key),
    more: (isMade) => [
      insertTransfers(ctx, moved, isMade),
      insertOrderEvent(ctx, orderId, key, disputeText.taken(reversal), isMade),
      flagDispute(ctx, refund, disputeText.attention(reversal, provider, price), isMade),
    ],
  })
}

const requestedRefunds = (ctx: Ctx, orderId: string) =>
  ctx.db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.status, 'requested')))

/** The tickets that this money paid for and that are not refunded. A receipt that did not pay for the order has none. */
async function paidBy(ctx: Ctx, rows: OrderRows, capture: ReceiptRow) {
  if (receiptKey(capture) !== rows.order.receipt) return []
  if (rows.order.settledAt === null) {
    throw new Problem('unavailable', 'The order that this money pays for is not settled yet.')
  }
  return refundableOf(ctx, rows)
}

function isAsRead({ order }: OrderRows, key: string): SQL {
  const present = sql`SELECT 1 FROM ${orders} WHERE ${orders.id} = ${order.id}
    AND ${orders.refundedAmount} = ${order.refundedAmount} AND ${orders.receipt} IS ${order.receipt}`
  const open = sql`SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${order.id} AND ${refunds.status} = 'requested'`
  const known = sql`SELECT 1 FROM ${transfers} WHERE ${transfers.transactionId} = ${key}`
  return sql`EXISTS (${present}) AND NOT EXISTS (${open}) AND NOT EXISTS (${known})`
}
