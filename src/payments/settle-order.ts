/**
 * The only way in which money becomes tickets, for every provider and every kind of line. Each step is one batch or one
 * idempotent call. The payment or the order stays due until all steps are done, so the sweep finishes them after a crash.
 *
 * (1) A receipt is recorded with its transfer cash → deposits. The first one that covers the price claims the order,
 *     unless its buyer has cancelled it. An order that costs nothing is written as claimed.
 * (2) Every line is confirmed by its pool or stock.
 * (3) Deposits become takings, lost lines become refunds, and the order is settled.
 * (4) Receipts that pay for nothing are refunded.
 */

import { and, eq, inArray, isNotNull, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import type { AuditEntry } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { GrantKey } from '../grants/find-grant.ts'
import { finishGrants } from '../grants/sweep-grants.ts'
import { insertTransfers } from '../money/ledger.ts'
import type { Capture, Observed } from '../money/providers/port.ts'
import { FREE_OF_CHARGE, receiptKey } from '../money/receipt-key.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts } from '../money/schema.ts'
import { enqueueGrants } from '../orders/earned-entries.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, type OrderRow, type OrderStatus, orderLines, orders } from '../orders/schema.ts'
import { reopenRefundRuns } from '../refunds/refund-run.ts'
import { attentionWithoutStuckFlag, isFlaggedAsStuck } from './flag-stuck-orders.ts'
import { refundReceipt } from './late-payment.ts'
import {
  isReceiptOf,
  linesOf,
  type Received,
  receiptsOf,
  recordCapture,
  recordReceiptNumber,
} from './receipts.ts'
import { settlement } from './settlement-rows.ts'

/**
 * Settles all captures that a provider reports for a payment. Idempotent, in any order. Returns the captures that do not
 * match our records: known by another payment, or with another sum or receipt number. A new capture is recorded only if
 * `guard` holds, and is audited if a person reported it.
 */
export async function settleCaptures(
  ctx: Ctx,
  payment: PaymentRow,
  { captures }: Observed,
  { guard = sql`true`, audited }: { guard?: SQL; audited?: AuditEntry } = {},
): Promise<Capture[]> {
  let received: Received | undefined
  const mismatches: Capture[] = []
  for (const capture of captures) {
    received = await recordCapture(ctx, payment, capture, guard, audited)
    const receipt = received.arrived.find((each) => isReceiptOf(each, payment, capture))
    if (receipt === undefined) mismatches.push(capture)
    else if (!(await recordReceiptNumber(ctx, receipt, capture))) mismatches.push(capture)
  }
  if (received !== undefined) await settleOrHandOver(ctx, payment, received)
  return mismatches
}

async function settleOrHandOver(ctx: Ctx, payment: PaymentRow, received: Received): Promise<void> {
  try {
    await settleReceived(ctx, received)
  } catch (error) {
    await handOver(ctx, payment)
    throw error
  }
}

/**
 * The money has arrived, but its order could not be settled. So the payment is not polled again, and the sweep settles the
 * order. If the process dies before this, the payment is still due, and its next poll settles the order.
 */
async function handOver(ctx: Ctx, { id, orderId }: PaymentRow): Promise<void> {
  const hasArrived = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${receipts.paymentId} = ${id} AND ${receipts.orderId} = ${orderId})`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(orders)
        .set({ dueAt: ctx.now })
        .where(and(eq(orders.id, orderId), isNull(orders.settledAt), hasArrived)),
      ctx.db
        .update(payments)
        .set({ status: 'succeeded', dueAt: null, attention: null, updatedAt: ctx.now })
        .where(and(eq(payments.id, id), ne(payments.status, 'succeeded'), hasArrived)),
    ]),
  )
}

/** Finishes what is left to do for an order's receipts, or for an order that costs nothing. Idempotent. */
export async function settleOrder(ctx: Ctx, orderId: string): Promise<void> {
  const [[order], lines, arrived] = await ctx.db.batch([
    ctx.db.select().from(orders).where(eq(orders.id, orderId)),
    linesOf(ctx, orderId),
    receiptsOf(ctx, orderId),
  ])
  await settleReceived(ctx, { order: order!, lines, arrived })
}

/** Settles an order that costs nothing, just after it was written. */
export const settleFreeOrder = (ctx: Ctx, written: Pick<Received, 'order' | 'lines'>): Promise<void> =>
  settleReceived(ctx, { ...written, arrived: [] })

async function settleReceived(ctx: Ctx, received: Received): Promise<void> {
  const { order, arrived } = received
  const paying = arrived.find((receipt) => receiptKey(receipt) === order.receipt)
  const others = arrived.filter((receipt) => receipt !== paying)
  const isPaid = paying !== undefined || order.receipt === FREE_OF_CHARGE
  const isNew = isPaid && order.settledAt === null
  const earned = isNew ? await settleLines(ctx, received, paying ?? null) : []
  for (const receipt of others) await refundReceipt(ctx, order, receipt)
  if (!isNew || others.length > 0) await clearDue(ctx, order.id, arrived.length)
  await finishGrants(ctx, earned)
}

/**
 * Confirms all lines and records the settlement. Returns the keys of the grants that the order earns. `paying` is null if
 * the order costs nothing.
 */
async function settleLines(
  ctx: Ctx,
  { order, lines }: Received,
  paying: ReceiptRow | null,
): Promise<GrantKey[]> {
  const outcomes = await Promise.all(lines.map((line) => linePort(line.kind).confirm(ctx, line)))
  const issued = lines.filter((_, at) => outcomes[at] === 'issued')
  const lost = lines.flatMap((line, at) => {
    const why = outcomes[at]!
    return why === 'issued' ? [] : [{ ...line, why }]
  })
  const lostAmount = amountOf(lost)
  const { currency } = order
  const lostText = historyText.lost({ amount: lostAmount, currency }, lost, lines, paying === null)
  const [earned] = await withRetry(() =>
    ctx.db.batch([
      enqueueGrants(ctx, order, issued),
      ctx.db
        .update(orderLines)
        .set({
          state: sql`iif(${inArray(orderLines.line, [-1, ...lost.map(({ line }) => line)])}, 'lost', 'issued')`,
        })
        .where(and(eq(orderLines.orderId, order.id), inArray(orderLines.state, ['held', 'released']))),
      ...(lost.length === 0 ? [] : [insertOrderEvent(ctx, order.id, 'lost', lostText)]),
      ...(paying === null ? [] : recordMoney(ctx, order, paying, { issued, lost, lostText })),
      ...(issued.length === 0
        ? []
        : [
            enqueueMail(ctx, {
              to: order.userId,
              subject: order.id,
              kind: 'order_paid',
              data: {
                orderId: order.id,
                amount: paying?.amount ?? 0,
                currency,
                items: issued.map(({ quantity, title }) => ({ quantity, title })),
              },
            }),
            reopenRefundRuns(
              ctx,
              order.id,
              issued.map(({ itemId }) => itemId),
            ),
          ]),
      ctx.db
        .update(orders)
        .set({
          status: statusOf(issued, lost, lostAmount),
          settledAt: ctx.now,
          // Other receipts are refunded first. Then `clearDue` clears this.
          dueAt: sql`iif(${receiptCount} <= 1, NULL, ${orders.dueAt})`,
          refundedAmount: sql`${orders.refundedAmount} + ${lostAmount}`,
          updatedAt: ctx.now,
        })
        .where(and(eq(orders.id, order.id), isNull(orders.settledAt))),
      ...(paying === null ? [] : [endPayments(ctx, order.id, paying)]),
    ]),
  )
  return earned
}

/** Without an issued line the buyer gets all the money back, if there was any. */
function statusOf(issued: OrderLineRow[], lost: OrderLineRow[], lostAmount: number): OrderStatus {
  if (issued.length > 0) {
    if (lostAmount === 0) return 'paid'
    // If only free lines could be issued, all the money goes back.
    return amountOf(issued) === 0 ? 'refunded' : 'partially_refunded'
  }
  return lost.length > 0 && lostAmount === 0 ? 'expired' : 'refund_due'
}

interface Outcomes {
  issued: OrderLineRow[]
  lost: OrderLineRow[]
  lostText: string
}

/** The statements that move the money of a receipt, and refund what it does not pay for. */
function recordMoney(
  ctx: Ctx,
  { id, amount, currency }: OrderRow,
  paying: ReceiptRow,
  { issued, lost, lostText }: Outcomes,
) {
  const lostAmount = amountOf(lost)
  const excess = paying.amount - amount
  const excessText = historyText.excess({ amount: excess, currency })
  const refund: Omit<NewRefund, 'key' | 'amount' | 'reason'> = {
    orderId: id,
    request: '',
    provider: paying.provider,
    paymentId: paying.paymentId,
    receipt: paying.reference,
    currency,
    lines: [],
    status: 'due',
  }
  return [
    insertTransfers(ctx, settlement(id, paying, issued, lost, excess)),
    ...(lostAmount === 0
      ? []
      : [insertRefund(ctx, { ...refund, key: 'lost', amount: lostAmount, reason: lostText })]),
    ...(excess === 0
      ? []
      : [
          insertRefund(ctx, { ...refund, key: 'excess', amount: excess, reason: excessText }),
          insertOrderEvent(ctx, id, 'excess', excessText),
        ]),
  ]
}

/** The other payments that are open expire. Money that still arrives by them is refunded. */
function endPayments(ctx: Ctx, orderId: string, { paymentId }: ReceiptRow) {
  const isPaying = eq(payments.id, paymentId)
  return ctx.db
    .update(payments)
    .set({
      status: sql`CASE WHEN ${isPaying} THEN 'succeeded' WHEN ${isUndecided} THEN 'expired' ELSE ${payments.status} END`,
      dueAt: sql`iif(${isPaying}, NULL, ${payments.dueAt})`,
      attention: sql`iif(${isPaying} AND ${payments.status} <> 'succeeded', NULL, ${attentionWithoutStuckFlag})`,
      updatedAt: ctx.now,
    })
    .where(
      and(
        eq(payments.orderId, orderId),
        or(
          isUndecided,
          isFlaggedAsStuck,
          and(isPaying, or(ne(payments.status, 'succeeded'), isNotNull(payments.dueAt))),
        ),
      ),
    )
}

const isUndecided = inArray(payments.status, ['starting', 'pending'])
const receiptCount = sql`(SELECT count(*) FROM ${receipts} WHERE ${receipts.orderId} = ${orders.id})`

/**
 * Nothing is left to do, except that an unpaid order must expire later. Another receipt may be recorded at this moment.
 * That is safe: the order stays due if it has more receipts than the `known` ones.
 */
async function clearDue(ctx: Ctx, orderId: string, known: number): Promise<void> {
  await ctx.db.batch([
    ctx.db
      .update(orders)
      .set({ dueAt: sql`iif(${orders.status} = 'pending', ${orders.payUntil}, NULL)` })
      .where(and(eq(orders.id, orderId), sql`${receiptCount} = ${known}`)),
    ctx.db
      .update(payments)
      .set({ attention: attentionWithoutStuckFlag })
      .where(and(eq(payments.orderId, orderId), isFlaggedAsStuck)),
  ])
}
