/**
 * What a provider has taken back of money that had arrived: a dispute with the payer's bank, or a refund that somebody
 * made at the provider. One batch writes it down: the money has left `cash`, and a refund takes back what it paid for,
 * which the bank has paid already. The rest is a refund's life; where nothing can go back, it is `refused` from the start.
 */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { account, insertTransfers } from '../money/ledger.ts'
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
import { priceOf, reserve, restOf } from '../refunds/reserve-refund.ts'
import { resumeRefund } from '../refunds/resume-refund.ts'
import { takeBack } from '../refunds/take-back-tickets.ts'
import { isReceiptNamed } from './receipts.ts'

/** Each time a refund of the same order came first. */
const MAX_TRIES = 5

/** Told again it changes nothing. False where it is told otherwise than its capture, or itself, is written down. */
export async function takeDispute(ctx: Ctx, payment: PaymentRow, told: Reversal): Promise<boolean> {
  const { orderId, provider } = payment
  const key = disputeKey(provider, told.reference)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const { capture, known } = await readKnown(ctx, payment, told, key)
    if (known !== undefined) {
      if (known.orderId !== orderId || !isSame(known, told)) return false
      await resumeRefund(ctx, (await findRefundByKey(ctx, orderId, key))!)
      return true
    }
    if (capture?.paymentId !== payment.id) return false
    if (capture.currency !== told.currency || capture.amount < told.amount) return false
    await write(ctx, payment, capture, told)
  }
  throw new Problem('unavailable', 'Other refunds of this order are under way.')
}

const isSame = (known: { amount: number; currency: string }, told: Reversal): boolean =>
  known.amount === told.amount && known.currency === told.currency

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

/** Nothing, where the order's refunds have changed since they were read. */
async function write(ctx: Ctx, payment: PaymentRow, capture: ReceiptRow, told: Reversal): Promise<void> {
  const { orderId, provider } = payment
  const { amount, currency } = told
  const key = disputeKey(provider, told.reference)
  for (const refund of await undecided(ctx, orderId)) await takeBack(ctx, refund)
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
    reason: disputeText.taken(told),
    lines: takesBack ? rest : [],
    status: takesBack ? ('requested' as const) : ('refused' as const),
  }
  const taken = {
    transactionId: key,
    part: 0,
    debit: account.disputes,
    credit: account.cash(provider),
    currency,
    amount,
    orderId,
  }
  await reserve(ctx, refund, {
    guard: isAsRead(rows, key),
    more: (isMade) => [
      insertTransfers(ctx, [taken], isMade),
      insertOrderEvent(ctx, orderId, key, disputeText.taken(told), isMade),
      flagDispute(ctx, refund, disputeText.attention(told, provider, price), isMade),
    ],
  })
}

const undecided = (ctx: Ctx, orderId: string) =>
  ctx.db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.status, 'requested')))

/** What the order still has of what this money paid for; what did not pay for it has gone back, or goes. */
async function paidBy(ctx: Ctx, rows: OrderRows, capture: ReceiptRow) {
  if (receiptKey(capture) !== rows.order.receipt) return []
  if (rows.order.settledAt === null) {
    throw new Problem('unavailable', 'What this money pays for is not settled yet.')
  }
  return restOf(ctx, rows)
}

function isAsRead({ order }: OrderRows, key: string): SQL {
  const present = sql`SELECT 1 FROM ${orders} WHERE ${orders.id} = ${order.id}
    AND ${orders.refundedAmount} = ${order.refundedAmount} AND ${orders.receipt} IS ${order.receipt}`
  const open = sql`SELECT 1 FROM ${refunds} WHERE ${refunds.orderId} = ${order.id} AND ${refunds.status} = 'requested'`
  const known = sql`SELECT 1 FROM ${transfers} WHERE ${transfers.transactionId} = ${key}`
  return sql`EXISTS (${present}) AND NOT EXISTS (${open}) AND NOT EXISTS (${known})`
}
