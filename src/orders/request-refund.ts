/** An operator refunds an order, or some of its tickets: written down first, then done as far as it goes at once. */
import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import { newId } from '../core/ids.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type RefundedLine, type RefundRow, receipts, refunds } from '../money/schema.ts'
import type { Provider } from '../raffles/contract.ts'
import { findOrder, type OrderRows } from './find-order.ts'
import { findRefundByKey } from './find-refund.ts'
import { linePort } from './line-port.ts'
import { requireRefunds } from './refund-access.ts'
import type { RequestRefund } from './refund-contract.ts'
import { ticketsNamed } from './refund-words.ts'
import { type OrderLineRow, orderLines, orders } from './schema.ts'
import { sendRefund } from './send-refund.ts'
import { takeBack } from './take-back.ts'

/** Each time another refund of the same order came first. */
const MAX_TRIES = 5

export async function requestRefund(
  ctx: Ctx,
  orderId: string,
  input: RequestRefund,
  clientKey: string,
): Promise<RefundRow> {
  const key = `request:${clientKey}`
  const request = bodyHash(input)
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const rows = await findOrder(ctx, orderId)
    if (attempt === 1) await requireRefunds(ctx, namedLines(rows, input), 'order')
    const known = await findRefundByKey(ctx, orderId, key)
    if (known !== undefined) return answer(ctx, known, request)
    const lines = await choose(ctx, rows, input)
    const receipt = await payingReceipt(ctx, rows)
    const amount = lines.reduce(
      (sum, { line, numbers }) => sum + lineOf(rows, line)!.unitAmount * numbers.length,
      0,
    )
    const { currency } = rows.order
    await reserve(ctx, {
      orderId,
      key,
      request,
      ...receipt,
      amount,
      currency,
      reason: input.reason,
      lines,
      status: 'requested',
    })
    const made = await findRefundByKey(ctx, orderId, key)
    if (made !== undefined) return answer(ctx, made, request)
  }
  throw new Problem('conflict', 'Other refunds of this order are under way. Try again.')
}

/** Takes it as far as it goes now; what stands between, the sweep finishes. */
async function answer(ctx: Ctx, refund: RefundRow, request: string): Promise<RefundRow> {
  if (refund.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another refund.')
  }
  const taken = refund.status === 'requested' ? await takeBack(ctx, refund) : refund
  if (taken.status === 'refused') {
    throw new Problem('invalid_state', 'The list of tickets is fixed for the draw: nothing can be refunded.')
  }
  if (taken.status !== 'due') return taken
  try {
    return await sendRefund(ctx, taken)
  } catch (error) {
    // It is owed, and the sweep sends it: that its provider could not be asked does not make it undone.
    ctx.log.error('refund not sent yet', { refundId: taken.id, error })
    return taken
  }
}

const lineOf = ({ lines }: OrderRows, line: number): OrderLineRow | undefined =>
  lines.find((row) => row.line === line)

/** The lines that are asked for; all of them where one is not there, so that nobody learns of others' orders. */
function namedLines(rows: OrderRows, { lines }: RequestRefund): OrderLineRow[] {
  const named = lines?.map(({ line }) => lineOf(rows, line)) ?? rows.lines
  return named.every((row) => row !== undefined) ? named : rows.lines
}

/** Which tickets go back: those that are named, or all that there are. Throws where one of them cannot. */
async function choose(ctx: Ctx, rows: OrderRows, input: RequestRefund): Promise<RefundedLine[]> {
  const { id, settledAt } = rows.order
  if (settledAt === null)
    throw new Problem('invalid_state', 'This order is not paid: there is nothing to refund.')
  const others = await ctx.db
    .select({ lines: refunds.lines })
    .from(refunds)
    .where(and(eq(refunds.orderId, id), ne(refunds.status, 'refused')))
  const goneOf = (line: number) =>
    new Set(
      others
        .flatMap(({ lines }) => lines.filter((each) => each.line === line))
        .flatMap((each) => each.numbers),
    )
  if (input.lines === undefined) {
    const issued = rows.lines.filter(isIssued)
    const rest = await Promise.all(
      issued.map(async (row) => {
        const gone = goneOf(row.line)
        const tickets = await linePort(row.kind).tickets(ctx, row)
        return { line: row.line, numbers: tickets.filter((number) => !gone.has(number)) }
      }),
    )
    const wanted = rest.filter(({ numbers }) => numbers.length > 0)
    if (wanted.length === 0) throw new Problem('invalid_state', 'Nothing of this order is left to refund.')
    return wanted
  }
  for (const [at, { line, numbers }] of input.lines.entries()) {
    const row = lineOf(rows, line)
    if (row === undefined) throw invalid(`lines.${at}.line`, 'is not a line of this order')
    const gone = goneOf(line)
    const twice = numbers.filter((number) => gone.has(number))
    if (twice.length > 0 || !isIssued(row)) {
      const named = ticketsNamed([{ line, numbers: twice.length > 0 ? twice : numbers }])
      throw new Problem('invalid_state', `Refunded already, or never issued: ${named}.`)
    }
    const tickets = new Set(await linePort(row.kind).tickets(ctx, row))
    const strange = numbers.filter((number) => !tickets.has(number))
    if (strange.length > 0) {
      const named = ticketsNamed([{ line, numbers: strange }])
      throw invalid(`lines.${at}.numbers`, `must be tickets of this line, unlike ${named}`)
    }
  }
  return input.lines.map(({ line, numbers }) => ({ line, numbers }))
}

const isIssued = (row: OrderLineRow): boolean => row.state === 'issued' && row.refundedQuantity < row.quantity

/** The money that paid for the order: it goes back the way it came. */
async function payingReceipt(
  ctx: Ctx,
  { order }: OrderRows,
): Promise<{ provider: Provider; paymentId: string; receipt: string }> {
  const receipt = await ctx.db
    .select({ provider: receipts.provider, paymentId: receipts.paymentId, receipt: receipts.reference })
    .from(receipts)
    .where(
      and(
        eq(receipts.orderId, order.id),
        sql`${receipts.provider} || ':' || ${receipts.reference} = ${order.receipt}`,
      ),
    )
    .get()
  if (receipt === undefined) throw new Error(`order ${order.id} is settled without a receipt`)
  return receipt
}

/**
 * Writes the refund down and sets its amount aside, or nothing at all: where one of its tickets is in another refund,
 * or more would go back than was paid. Each run of the batch has an id of its own, so that a repeat reserves nothing.
 */
async function reserve(ctx: Ctx, refund: NewRefund): Promise<void> {
  const wanted = JSON.stringify(refund.lines)
  const guard = isPossible(refund, wanted)
  await withRetry(() => {
    const id = newId('refund')
    const isMade = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.id} = ${id})`
    return ctx.db.batch([
      insertRefund(ctx, { ...refund, id }, guard),
      ctx.db
        .update(orders)
        .set({ refundedAmount: sql`${orders.refundedAmount} + ${refund.amount}`, updatedAt: ctx.now })
        .where(and(eq(orders.id, refund.orderId), isMade)),
      ctx.db
        .update(orderLines)
        .set({
          refundedQuantity: sql`${orderLines.refundedQuantity} + (
            SELECT json_array_length(value, '$.numbers') FROM json_each(${wanted})
            WHERE value->>'line' = ${orderLines.line})`,
        })
        .where(
          and(
            eq(orderLines.orderId, refund.orderId),
            sql`${orderLines.line} IN (SELECT value->>'line' FROM json_each(${wanted}))`,
            isMade,
          ),
        ),
    ])
  })
}

function isPossible({ orderId, amount, lines }: NewRefund, wanted: string): SQL {
  const left = sql`SELECT 1 FROM ${orders} WHERE ${orders.id} = ${orderId} AND ${orders.settledAt} IS NOT NULL
    AND ${orders.refundedAmount} + ${amount} <= ${orders.amount}`
  const linesLeft = sql`SELECT count(*) FROM json_each(${wanted}) AS want JOIN ${orderLines}
    ON ${orderLines.orderId} = ${orderId} AND ${orderLines.line} = want.value->>'line'
    WHERE ${orderLines.state} = 'issued' AND ${orderLines.quantity}
      >= ${orderLines.refundedQuantity} + json_array_length(want.value, '$.numbers')`
  const elsewhere = sql`SELECT 1 FROM ${refunds}, json_each(${refunds.lines}) AS part,
      json_each(part.value, '$.numbers') AS ticket
    WHERE ${refunds.orderId} = ${orderId} AND ${refunds.status} <> 'refused'
      AND (part.value->>'line', ticket.value) IN (
        SELECT want.value->>'line', number.value
        FROM json_each(${wanted}) AS want, json_each(want.value, '$.numbers') AS number)`
  return sql`EXISTS (${left}) AND (${linesLeft}) = ${lines.length} AND NOT EXISTS (${elsewhere})`
}
