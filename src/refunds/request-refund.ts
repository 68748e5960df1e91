/**
 * A member refunds an order or some of its tickets, or a buyer gives tickets back: the refund is recorded first, then
 * carried out as far as possible.
 */
import { and, notExists, type SQL } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { bodyHash } from '../core/idempotency.ts'
import type { NewRefund } from '../money/refund-rows.ts'
import type { RefundedLine, RefundRow } from '../money/schema.ts'
import { findOrder, type OrderRows } from '../orders/find-order.ts'
import { linePort } from '../orders/lines/index.ts'
import type { OrderLineRow } from '../orders/schema.ts'
import { unitsNamed } from '../orders/unit-text.ts'
import { labelOf } from '../tickets/number-label.ts'
import { refundEntry } from './audit-refund.ts'
import type { RequestRefund } from './contract.ts'
import { findRefundByKey } from './find-refund.ts'
import { whyKept } from './history-text.ts'
import { payingReceipt } from './paying-receipt.ts'
import { isIssued, priceOf, refundableOf, refundedOf, reserve } from './reserve-refund.ts'
import { sendRefund } from './send-refund.ts'
import { takeBack } from './take-back-tickets.ts'
import {
  linesToGiveBack,
  type Refunder,
  type SelectUsed,
  ticketsOf,
  unitsOf,
  whoRefunds,
} from './who-may-refund.ts'

/** A try fails only if another refund of the same order was recorded in between. */
const MAX_TRIES = 5

export async function requestRefund(
  ctx: Ctx,
  orderId: string,
  input: RequestRefund,
  clientKey: string,
  selectUsed: SelectUsed,
): Promise<RefundRow> {
  const request = bodyHash(input)
  let by: Refunder | undefined
  for (let attempt = 1; attempt <= MAX_TRIES; attempt++) {
    const rows = await findOrder(ctx, orderId)
    by ??= await whoRefunds(ctx, rows.order, namedLines(rows, input))
    const key = `${by === 'buyer' ? by : 'request'}:${clientKey}`
    const known = await findRefundByKey(ctx, orderId, key)
    if (known !== undefined) return carryOut(ctx, rows, known, request)
    const isBuyer = by === 'buyer'
    const open = isBuyer ? await toGiveBack(ctx, rows, input) : rows
    const lines = await chooseTickets(ctx, open, input, (row) => unitsOf(ctx, by!, row, selectUsed))
    const amount = priceOf(rows.lines, lines)
    if (amount === 0) throw new Problem('invalid_state', 'These tickets were free: take them back instead.')
    const receipt = await payingReceipt(ctx, rows)
    const { currency } = rows.order
    const refund: NewRefund = {
      orderId,
      key,
      request,
      ...receipt,
      amount,
      currency,
      reason: input.reason,
      lines,
      status: 'requested',
    }
    // The log is about members. What a buyer gives back is in the history of the order.
    const audited = (isMade: SQL, id: string) => [
      insertAudit(ctx, refundEntry({ id, orderId, lines }, 'refund.requested'), isMade),
    ]
    // Race: somebody goes in with a ticket after it was chosen. Safe: then nothing is reserved, and the next try leaves it out.
    const isUnused = and(
      ...lines.map(({ line, numbers }) =>
        notExists(selectUsed(ctx, ticketsOf(lineOf(rows, line)!, numbers))),
      ),
    )
    await reserve(ctx, refund, isBuyer ? { guard: isUnused! } : { more: audited })
    const made = await findRefundByKey(ctx, orderId, key)
    if (made !== undefined) return carryOut(ctx, rows, made, request)
  }
  throw new Problem('conflict', 'Other refunds of this order are under way. Try again.')
}

/** Takes the tickets back and sends the money, as far as possible now. The sweep finishes the rest. */
async function carryOut(ctx: Ctx, rows: OrderRows, refund: RefundRow, request: string): Promise<RefundRow> {
  if (refund.request !== request) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another refund.')
  }
  const taken = refund.status === 'requested' ? await takeBack(ctx, refund) : refund
  if (taken.status === 'refused') {
    throw new Problem('invalid_state', `Nothing can be refunded: ${whyKept(partsOf(rows, taken))}.`)
  }
  if (taken.status !== 'due') return taken
  try {
    return await sendRefund(ctx, taken)
  } catch (error) {
    // The refund stays due, and the sweep sends it. So the request has succeeded even if the provider cannot be reached.
    ctx.log.error('refund not sent yet', { refundId: taken.id, error })
    return taken
  }
}

const partsOf = (rows: OrderRows, { lines }: RefundRow) =>
  lines.map(({ line }) => ({ row: lineOf(rows, line)! }))

const lineOf = ({ lines }: OrderRows, line: number): OrderLineRow | undefined =>
  lines.find((row) => row.line === line)

/** The requested lines; all lines if one does not exist, so that outsiders do not learn that the order exists. */
function namedLines(rows: OrderRows, { lines }: RequestRefund): OrderLineRow[] {
  const named = lines?.map(({ line }) => lineOf(rows, line)) ?? rows.lines
  return named.every((row) => row !== undefined) ? named : rows.lines
}

/** The order with the lines alone that its buyer may give back. Throws if it has none, or another one is named. */
async function toGiveBack(ctx: Ctx, rows: OrderRows, input: RequestRefund): Promise<OrderRows> {
  const lines = await linesToGiveBack(ctx, rows)
  const isOpen = (wanted: number) => lines.some(({ line }) => line === wanted)
  if (lines.length === 0 || !(input.lines ?? []).every(({ line }) => isOpen(line))) {
    throw new Problem(
      'forbidden',
      'You may give back admissions to an event that was postponed after you ordered them, until the time that it names. The organisation may refund others.',
    )
  }
  return { ...rows, lines }
}

/** Returns the named tickets, or all that are left. Throws if one of them cannot be refunded. */
async function chooseTickets(
  ctx: Ctx,
  rows: OrderRows,
  input: RequestRefund,
  unitsOfLine: (row: OrderLineRow) => Promise<number[]>,
): Promise<RefundedLine[]> {
  const { id, settledAt } = rows.order
  if (settledAt === null)
    throw new Problem('invalid_state', 'This order is not paid: there is nothing to refund.')
  if (input.lines === undefined) {
    const rest = await refundableOf(ctx, rows, unitsOfLine)
    if (rest.length === 0) throw new Problem('invalid_state', 'Nothing of this order is left to refund.')
    return rest
  }
  const refundedIn = await refundedOf(ctx, id)
  for (const [at, { line, numbers }] of input.lines.entries()) {
    const row = lineOf(rows, line)
    if (row === undefined) throw invalid(`lines.${at}.line`, 'is not a line of this order')
    const refunded = refundedIn(line)
    const port = linePort(row.kind)
    const { unit } = port.words
    const twice = numbers.filter((number) => refunded.has(number))
    if (twice.length > 0 || !isIssued(row)) {
      const named = unitsNamed(unit, labelsOf(row, twice.length > 0 ? twice : numbers))
      throw new Problem('invalid_state', `Already refunded, or never issued: ${named}.`)
    }
    const issued = new Set(await unitsOfLine(row))
    const foreign = numbers.filter((number) => !issued.has(number))
    if (foreign.length > 0) {
      const named = unitsNamed(unit, labelsOf(row, foreign))
      throw invalid(`lines.${at}.numbers`, `must name ${unit}s of this line, not ${named}`)
    }
  }
  return input.lines.map(({ line, numbers }) => ({ line, numbers }))
}

const labelsOf = ({ digits }: OrderLineRow, numbers: readonly number[]): string[] =>
  numbers.map((number) => labelOf(number, digits))
