/**
 * The one way in which money becomes tickets, for every provider and every kind of line. Each step is one batch or one
 * idempotent call, and says in the order that there is more to do until there is not, so that the sweep finishes
 * whatever a crash left between two of them.
 *
 * (1) a receipt is written with its transfer cash → deposits, and claims the order if it pays for it and is the first;
 * (2) every line is confirmed where it is held; (3) deposits → takings, what is lost → refunds, the order is settled;
 * (4) receipts that pay for nothing go back.
 */

import { and, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import type { AuditEntry } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { GrantKey } from '../grants/find-grant.ts'
import { finishGrants } from '../grants/sweep-grants.ts'
import { insertTransfers } from '../money/ledger.ts'
import type { Capture, Observed } from '../money/providers/port.ts'
import { receiptKey } from '../money/receipt-key.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts } from '../money/schema.ts'
import { enqueueGrants } from '../orders/earned-entries.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { reopenRefundRuns } from '../refunds/refund-run.ts'
import { attentionWithoutStuckFlag, isFlaggedAsStuck } from './flag-stuck-orders.ts'
import { isReceiptOf, linesOf, noteNumber, type Received, receiptsOf, takeCapture } from './receipts.ts'
import { sendBack, settlement } from './settlement-rows.ts'

/**
 * Takes what a provider says has arrived for a payment to its end. Told again, in any order, it changes nothing. Answers
 * the captures that are written down as other money: by another payment, or with another sum or receipt number. What is not
 * written down yet is so only where `guard` holds, and is audited where a person tells of it.
 */
export async function takeObserved(
  ctx: Ctx,
  payment: PaymentRow,
  { captures }: Observed,
  { guard = sql`true`, audited }: { guard?: SQL; audited?: AuditEntry } = {},
): Promise<Capture[]> {
  let received: Received | undefined
  const others: Capture[] = []
  for (const capture of captures) {
    received = await takeCapture(ctx, payment, capture, guard, audited)
    const receipt = received.arrived.find((each) => isReceiptOf(each, payment, capture))
    if (receipt === undefined) others.push(capture)
    else if (!(await noteNumber(ctx, receipt, capture))) others.push(capture)
  }
  if (received !== undefined) await settleReceived(ctx, received)
  return others
}

/** Does what is left to do for an order's receipts; nothing, where nothing is left. */
export async function settleOrder(ctx: Ctx, orderId: string): Promise<void> {
  const [[order], lines, arrived] = await ctx.db.batch([
    ctx.db.select().from(orders).where(eq(orders.id, orderId)),
    linesOf(ctx, orderId),
    receiptsOf(ctx, orderId),
  ])
  await settleReceived(ctx, { order: order!, lines, arrived })
}

async function settleReceived(ctx: Ctx, received: Received): Promise<void> {
  const { order, arrived } = received
  const paying = arrived.find((receipt) => receiptKey(receipt) === order.receipt)
  const others = arrived.filter((receipt) => receipt !== paying)
  const isNew = paying !== undefined && order.settledAt === null
  const earned = isNew ? await settle(ctx, received, paying) : []
  for (const receipt of others) await sendBack(ctx, order, receipt)
  if (!isNew || others.length > 0) await rest(ctx, order.id, arrived.length)
  await finishGrants(ctx, earned)
}

/** Answers the keys of the grants that it earns. */
async function settle(ctx: Ctx, { order, lines }: Received, paying: ReceiptRow): Promise<GrantKey[]> {
  const outcomes = await Promise.all(lines.map((line) => linePort(line.kind).confirm(ctx, line)))
  const issued = lines.filter((_, at) => outcomes[at] === 'issued')
  const lost = lines.flatMap((line, at) => {
    const why = outcomes[at]!
    return why === 'issued' ? [] : [{ ...line, why }]
  })
  const lostAmount = amountOf(lost)
  const lostText = historyText.lost({ amount: lostAmount, currency: order.currency }, lost, lines)
  const excess = paying.amount - order.amount
  const { currency } = order
  const back: Omit<NewRefund, 'key' | 'amount' | 'reason'> = {
    orderId: order.id,
    request: '',
    provider: paying.provider,
    paymentId: paying.paymentId,
    receipt: paying.reference,
    currency,
    lines: [],
    status: 'due',
  }
  const [, earned] = await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, settlement(order.id, currency, issued, lost, excess)),
      enqueueGrants(ctx, order, issued),
      ctx.db
        .update(orderLines)
        .set({
          state: sql`iif(${inArray(orderLines.line, [-1, ...lost.map(({ line }) => line)])}, 'lost', 'issued')`,
        })
        .where(and(eq(orderLines.orderId, order.id), inArray(orderLines.state, ['held', 'released']))),
      ...(lostAmount === 0
        ? []
        : [
            insertRefund(ctx, {
              ...back,
              key: 'lost',
              amount: lostAmount,
              reason: lostText,
            }),
            insertOrderEvent(ctx, order.id, 'lost', lostText),
          ]),
      ...(excess === 0
        ? []
        : [
            insertRefund(ctx, {
              ...back,
              key: 'excess',
              amount: excess,
              reason: historyText.excess({ amount: excess, currency }),
            }),
            insertOrderEvent(ctx, order.id, 'excess', historyText.excess({ amount: excess, currency })),
          ]),
      ...(issued.length === 0
        ? []
        : [
            insertOrderEvent(ctx, order.id, 'issued', historyText.issued(issued)),
            enqueueMail(ctx, {
              to: order.userId,
              subject: order.id,
              kind: 'order_paid',
              data: {
                orderId: order.id,
                amount: paying.amount,
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
          status: issued.length === 0 ? 'refund_due' : lost.length === 0 ? 'paid' : 'partially_refunded',
          settledAt: ctx.now,
          // What else has arrived goes back first; see `rest`.
          dueAt: sql`iif(${receiptCount} = 1, NULL, ${orders.dueAt})`,
          refundedAmount: sql`${orders.refundedAmount} + ${lostAmount}`,
          updatedAt: ctx.now,
        })
        .where(and(eq(orders.id, order.id), isNull(orders.settledAt))),
      // Other tries to pay are over; what comes by them all the same goes back.
      ctx.db
        .update(payments)
        .set({
          status: sql`iif(${isTry}, 'expired', ${payments.status})`,
          attention: attentionWithoutStuckFlag,
          updatedAt: ctx.now,
        })
        .where(and(eq(payments.orderId, order.id), or(isTry, isFlaggedAsStuck))),
    ]),
  )
  return earned
}

const isTry = inArray(payments.status, ['starting', 'pending'])
const receiptCount = sql`(SELECT count(*) FROM ${receipts} WHERE ${receipts.orderId} = ${orders.id})`

/** Nothing is left to do but what the clock brings, unless another receipt has come in since. */
async function rest(ctx: Ctx, orderId: string, known: number): Promise<void> {
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
