/**
 * The one way in which money becomes tickets, for every provider and every kind of line. Each step is one batch or one
 * idempotent call, and says in the order that there is more to do until there is not, so that the sweep finishes
 * whatever a crash left between two of them.
 *
 * (1) a receipt is written with its transfer cash → deposits, and claims the order if it pays for it and is the first;
 * (2) every line is confirmed where it is held; (3) deposits → takings, what is lost → refunds, the order is settled;
 * (4) receipts that pay for nothing go back.
 */
import { and, eq, inArray, isNull, lte, ne, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { finishGrantsOf } from '../grants/sweep-grants.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import type { Capture, Observed } from '../money/providers/port.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts } from '../money/schema.ts'
import { enqueueGrants } from './earned-entries.ts'
import { findOrder, type OrderRows } from './find-order.ts'
import { linePort } from './line-port.ts'
import { insertOrderEvent } from './order-events.ts'
import { reopenRefundRuns } from './refund-raffle.ts'
import { type LineKind, type OrderLineRow, orderLines, orders } from './schema.ts'
import { tell } from './words.ts'

/** Parts of an order's transaction beside its lines, which are parts 0 to 19. */
const LOST_PART = 100
const EXCESS_PART = 200

export const receiptKey = ({ provider, reference }: Pick<ReceiptRow, 'provider' | 'reference'>): string =>
  `${provider}:${reference}`

/** Takes what a provider says has arrived for a payment to its end. Told again, in any order, it changes nothing. */
export async function takeObserved(ctx: Ctx, payment: PaymentRow, observed: Observed): Promise<void> {
  for (const capture of observed.captures) await takeCapture(ctx, payment, capture)
  if (observed.captures.length > 0) await settleOrder(ctx, payment.orderId)
}

async function takeCapture(ctx: Ctx, payment: PaymentRow, capture: Capture): Promise<void> {
  const { provider, orderId } = payment
  const { reference, amount, currency } = capture
  const key = receiptKey({ provider, reference })
  const arrived: Transfer = {
    transactionId: `receipt:${key}`,
    part: 0,
    debit: account.cash(provider),
    credit: account.deposits,
    currency,
    amount,
    orderId,
  }
  await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(receipts)
        .values({ provider, reference, paymentId: payment.id, orderId, amount, currency, at: ctx.now })
        .onConflictDoNothing(),
      insertTransfers(ctx, [arrived]),
      ctx.db
        .update(payments)
        .set({ status: 'succeeded', dueAt: null, attention: null, updatedAt: ctx.now })
        .where(and(eq(payments.id, payment.id), ne(payments.status, 'succeeded'))),
      insertOrderEvent(ctx, orderId, `receipt:${key}`, tell.received(capture, provider)),
      ctx.db
        .update(orders)
        .set({ receipt: key, updatedAt: ctx.now })
        .where(
          and(
            eq(orders.id, orderId),
            isNull(orders.receipt),
            lte(orders.amount, amount),
            eq(orders.currency, currency),
          ),
        ),
      ctx.db.update(orders).set({ dueAt: ctx.now }).where(eq(orders.id, orderId)),
    ]),
  )
}

/** Does what is left to do for an order's receipts; nothing, where nothing is left. */
export async function settleOrder(ctx: Ctx, orderId: string): Promise<void> {
  const rows = await findOrder(ctx, orderId)
  const arrived = await ctx.db.select().from(receipts).where(eq(receipts.orderId, orderId))
  const paying = arrived.find((receipt) => receiptKey(receipt) === rows.order.receipt)
  const isNew = paying !== undefined && rows.order.settledAt === null
  if (isNew) await settle(ctx, rows, paying)
  for (const receipt of arrived) if (receipt !== paying) await sendBack(ctx, rows, receipt)
  await rest(ctx, orderId, arrived.length)
  if (isNew) await finishGrantsOf(ctx, orderId)
}

async function settle(ctx: Ctx, { order, lines }: OrderRows, paying: ReceiptRow): Promise<void> {
  const outcomes = await Promise.all(lines.map((line) => linePort(line.kind).confirm(ctx, line)))
  const issued = lines.filter((_, at) => outcomes[at] === 'issued')
  const lost = lines.filter((_, at) => outcomes[at] === 'lost')
  const lostAmount = sumOf(lost)
  const lostText = tell.lost({ amount: lostAmount, currency: order.currency }, lost)
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
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, settlement(order.id, currency, issued, lostAmount, excess)),
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
              reason: tell.excess({ amount: excess, currency }),
            }),
            insertOrderEvent(ctx, order.id, 'excess', tell.excess({ amount: excess, currency })),
          ]),
      ...(issued.length === 0
        ? []
        : [
            insertOrderEvent(
              ctx,
              order.id,
              'issued',
              tell.issued(countOf(issued, 'raffle'), countOf(issued, 'product')),
            ),
            enqueueGrants(ctx, order, issued),
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
          refundedAmount: sql`${orders.refundedAmount} + ${lostAmount}`,
          updatedAt: ctx.now,
        })
        .where(and(eq(orders.id, order.id), isNull(orders.settledAt))),
      // Other tries to pay are over; what comes by them all the same goes back.
      ctx.db
        .update(payments)
        .set({ status: 'expired', updatedAt: ctx.now })
        .where(and(eq(payments.orderId, order.id), inArray(payments.status, ['starting', 'pending']))),
    ]),
  )
}

function settlement(
  orderId: string,
  currency: string,
  issued: OrderLineRow[],
  lostAmount: number,
  excess: number,
): Transfer[] {
  const transactionId = `order:${orderId}`
  const from = { transactionId, debit: account.deposits, currency, orderId }
  const rows: Transfer[] = issued.map((line) => {
    const { account: credit, raffleId } = linePort(line.kind).takings(line)
    return { ...from, part: line.line, credit, amount: sumOf([line]), raffleId }
  })
  if (lostAmount > 0) rows.push({ ...from, part: LOST_PART, credit: account.refunds, amount: lostAmount })
  if (excess > 0) rows.push({ ...from, part: EXCESS_PART, credit: account.refunds, amount: excess })
  return rows
}

/** A receipt that pays for nothing: the order was paid already, or it is not the price. */
async function sendBack(ctx: Ctx, { order }: OrderRows, receipt: ReceiptRow): Promise<void> {
  const { provider, reference, paymentId, amount, currency } = receipt
  const key = `return:${receiptKey(receipt)}`
  const isWrong = amount < order.amount || currency !== order.currency
  const reason = isWrong ? tell.returned.wrong(receipt, order) : tell.returned.twice(receipt)
  const back: Transfer = {
    transactionId: key,
    part: 0,
    debit: account.deposits,
    credit: account.refunds,
    currency,
    amount,
    orderId: order.id,
  }
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, [back]),
      insertRefund(ctx, {
        orderId: order.id,
        key,
        request: '',
        provider,
        paymentId,
        receipt: reference,
        amount,
        currency,
        reason,
        lines: [],
        status: 'due',
      }),
      insertOrderEvent(ctx, order.id, key, reason),
    ]),
  )
}

/** Nothing is left to do but what the clock brings, unless another receipt has come in since. */
async function rest(ctx: Ctx, orderId: string, known: number): Promise<void> {
  const count = sql`(SELECT count(*) FROM ${receipts} WHERE ${receipts.orderId} = ${orders.id})`
  await ctx.db
    .update(orders)
    .set({ dueAt: sql`iif(${orders.status} = 'pending', ${orders.payUntil}, NULL)` })
    .where(and(eq(orders.id, orderId), sql`${count} = ${known}`))
}

const sumOf = (lines: OrderLineRow[]): number =>
  lines.reduce((sum, line) => sum + line.unitAmount * line.quantity, 0)
const countOf = (lines: OrderLineRow[], kind: LineKind): number =>
  lines.reduce((sum, line) => sum + (line.kind === kind ? line.quantity : 0), 0)
