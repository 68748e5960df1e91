/**
 * The one way in which money becomes tickets, for every provider and every kind of line. Each step is one batch or one
 * idempotent call, and says in the order that there is more to do until there is not, so that the sweep finishes
 * whatever a crash left between two of them.
 *
 * (1) a receipt is written with its transfer cash → deposits, and claims the order if it pays for it and is the first;
 * (2) every line is confirmed where it is held; (3) deposits → takings, what is lost → refunds, the order is settled;
 * (4) receipts that pay for nothing go back.
 */
import { and, asc, eq, inArray, isNull, ne, or, type SQL, sql } from 'drizzle-orm'
import { enqueueMail } from '../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { GrantKey } from '../grants/find-grant.ts'
import { finishGrants } from '../grants/sweep-grants.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import type { Capture, Observed } from '../money/providers/port.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type PaymentRow, payments, type ReceiptRow, receipts } from '../money/schema.ts'
import { enqueueGrants } from '../orders/earned-entries.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { tell } from '../orders/history-text.ts'
import { linePort } from '../orders/line.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { type LineKind, type OrderLineRow, type OrderRow, orderLines, orders } from '../orders/schema.ts'
import type { Provider } from '../raffles/contract.ts'
import { reopenRefundRuns } from '../refunds/refund-run.ts'
import { attentionOnceSettled, isUnsettled } from './unsettled.ts'

/** Parts of an order's transaction beside its issued lines, which are parts 0 to 19; the lost ones from 100 on. */
const LOST_PART = 100
const EXCESS_PART = 200

export const receiptKey = ({ provider, reference }: Pick<ReceiptRow, 'provider' | 'reference'>): string =>
  `${provider}:${reference}`

/** An order with everything that has arrived for it. */
interface Received {
  order: OrderRow
  lines: OrderLineRow[]
  arrived: ReceiptRow[]
}

/**
 * Takes what a provider says has arrived for a payment to its end. Told again, in any order, it changes nothing. Answers
 * the captures that are written down as other money: by another payment, or with another sum or receipt number. What is not
 * written down yet is so only where `guard` holds.
 */
export async function takeObserved(
  ctx: Ctx,
  payment: PaymentRow,
  { captures }: Observed,
  guard: SQL = sql`true`,
): Promise<Capture[]> {
  let received: Received | undefined
  const others: Capture[] = []
  for (const capture of captures) {
    received = await takeCapture(ctx, payment, capture, guard)
    const receipt = received.arrived.find((each) => isReceiptOf(each, payment, capture))
    if (receipt === undefined) others.push(capture)
    else if (!(await noteNumber(ctx, receipt, capture))) others.push(capture)
  }
  if (received !== undefined) await settleReceived(ctx, received)
  return others
}

const isReceiptOf = (receipt: ReceiptRow, payment: PaymentRow, capture: Capture): boolean =>
  receipt.provider === payment.provider &&
  receipt.paymentId === payment.id &&
  isNamed(receipt, capture) &&
  receipt.amount === capture.amount &&
  receipt.currency === capture.currency

/** A person who wrote it down knew what the statement calls it, which to the provider can be its id or its number. */
const isNamed = ({ reference, receiptNumber }: ReceiptRow, capture: Capture): boolean =>
  reference === capture.reference || (receiptNumber !== null && namesOf(capture).includes(receiptNumber))

const namesOf = ({ reference, receiptNumber = reference }: Capture): string[] => [reference, receiptNumber]

/** Each side by an index of its own. */
export const isReceiptNamed = (provider: Provider, names: string[]): SQL =>
  or(
    and(eq(receipts.provider, provider), inArray(receipts.reference, names)),
    and(eq(receipts.provider, provider), inArray(receipts.receiptNumber, names)),
  )!

/** Of a capture whose number was not known when it was written down; false where that is another's. */
async function noteNumber(ctx: Ctx, receipt: ReceiptRow, capture: Capture): Promise<boolean> {
  const { receiptNumber } = capture
  if (receiptNumber === undefined || namesOf(capture).includes(receipt.receiptNumber ?? '')) return true
  const { provider, reference } = receipt
  const isTaken = sql`EXISTS (SELECT 1 FROM receipts AS other WHERE other.provider = ${provider}
    AND other.receipt_number = ${receiptNumber} AND other.reference <> ${reference})`
  const isNoted = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${receipts.provider} = ${provider}
    AND ${receipts.reference} = ${reference} AND ${receipts.receiptNumber} = ${receiptNumber})`
  const [[noted]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(receipts)
        .set({ receiptNumber })
        .where(
          and(
            eq(receipts.provider, provider),
            eq(receipts.reference, reference),
            or(isNull(receipts.receiptNumber), eq(receipts.receiptNumber, receiptNumber)),
            sql`NOT ${isTaken}`,
          ),
        )
        .returning({ reference: receipts.reference }),
      insertOrderEvent(
        ctx,
        receipt.orderId,
        `number:${receiptKey(receipt)}`,
        tell.receiptNumber(receiptNumber),
        isNoted,
      ),
    ]),
  )
  return noted !== undefined
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

const linesOf = (ctx: Ctx, orderId: string) =>
  ctx.db.select().from(orderLines).where(eq(orderLines.orderId, orderId)).orderBy(asc(orderLines.line))
const receiptsOf = (ctx: Ctx, orderId: string) =>
  ctx.db.select().from(receipts).where(eq(receipts.orderId, orderId))

/**
 * Writes it down, and answers what there is to settle: one batch, so that both are of the same instant. A capture that is
 * known by another payment, with another sum, or by what its statement calls it, is that one: here it changes nothing.
 */
async function takeCapture(ctx: Ctx, payment: PaymentRow, capture: Capture, guard: SQL): Promise<Received> {
  const { provider, orderId } = payment
  const { reference, amount, currency, fee = 0 } = capture
  const key = receiptKey({ provider, reference })
  const isOurs = sql`EXISTS (SELECT 1 FROM ${receipts}
    WHERE ${receipts.provider} = ${provider} AND ${receipts.reference} = ${reference}
      AND ${receipts.paymentId} = ${payment.id} AND ${receipts.orderId} = ${orderId}
      AND ${receipts.amount} = ${amount} AND ${receipts.currency} = ${currency})`
  const isKnown = sql`EXISTS (SELECT 1 FROM ${receipts} WHERE ${isReceiptNamed(provider, namesOf(capture))})`
  const to = { transactionId: `receipt:${key}`, currency, orderId }
  const arrived: Transfer[] = [
    { ...to, part: 0, debit: account.cash(provider), credit: account.deposits, amount },
  ]
  if (fee > 0)
    arrived.push({ ...to, part: 1, debit: account.fees, credit: account.cash(provider), amount: fee })
  const [, , , , [order], lines, present] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .insert(receipts)
        .select(sql`
          SELECT ${provider}, ${reference}, ${payment.id}, ${orderId}, ${amount}, ${currency}, ${ctx.now},
                 ${capture.receiptNumber ?? null}
          WHERE ${guard} AND NOT ${isKnown}`)
        .onConflictDoNothing(),
      insertTransfers(ctx, arrived, isOurs),
      ctx.db
        .update(payments)
        .set({ status: 'succeeded', dueAt: null, attention: null, updatedAt: ctx.now })
        .where(and(eq(payments.id, payment.id), ne(payments.status, 'succeeded'), isOurs)),
      insertOrderEvent(ctx, orderId, `receipt:${key}`, tell.received(capture, provider), isOurs),
      ctx.db
        .update(orders)
        .set({
          receipt: sql`iif(${orders.receipt} IS NULL AND ${orders.amount} <= ${amount} AND ${orders.currency} = ${currency}
            AND ${isOurs}, ${key}, ${orders.receipt})`,
          dueAt: sql`iif(${isOurs}, ${ctx.now}, ${orders.dueAt})`,
        })
        .where(eq(orders.id, orderId))
        .returning(),
      linesOf(ctx, orderId),
      receiptsOf(ctx, orderId),
    ]),
  )
  return { order: order!, lines, arrived: present }
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
  const isOneRaffle = lines.filter(({ kind }) => kind === 'raffle').length === 1
  const lostText = tell.lost({ amount: lostAmount, currency: order.currency }, lost, isOneRaffle)
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
          attention: attentionOnceSettled,
          updatedAt: ctx.now,
        })
        .where(and(eq(payments.orderId, order.id), or(isTry, isUnsettled))),
    ]),
  )
  return earned
}

const isTry = inArray(payments.status, ['starting', 'pending'])

function settlement(
  orderId: string,
  currency: string,
  issued: OrderLineRow[],
  lost: OrderLineRow[],
  excess: number,
): Transfer[] {
  const transactionId = `order:${orderId}`
  const from = { transactionId, debit: account.deposits, currency, orderId }
  const rows: Transfer[] = issued.map((line) => {
    const { account: credit, raffleId } = linePort(line.kind).takings(line)
    return { ...from, part: line.line, credit, amount: amountOf([line]), raffleId }
  })
  for (const line of lost) {
    const { raffleId } = linePort(line.kind).takings(line)
    const part = LOST_PART + line.line
    rows.push({ ...from, part, credit: account.refunds, amount: amountOf([line]), raffleId })
  }
  if (excess > 0) rows.push({ ...from, part: EXCESS_PART, credit: account.refunds, amount: excess })
  return rows
}

/** A receipt that pays for nothing: the order was paid already, or it is not the price. */
async function sendBack(ctx: Ctx, order: OrderRow, receipt: ReceiptRow): Promise<void> {
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
      .set({ attention: attentionOnceSettled })
      .where(and(eq(payments.orderId, orderId), isUnsettled)),
  ])
}

const countOf = (lines: OrderLineRow[], kind: LineKind): number =>
  lines.reduce((sum, line) => sum + (line.kind === kind ? line.quantity : 0), 0)
