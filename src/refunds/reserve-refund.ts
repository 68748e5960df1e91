/** The first step of a refund that takes tickets back: records it and reserves its tickets and amount in one batch. */
import { and, eq, ne, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { insertRefund, type NewRefund } from '../money/refund-rows.ts'
import { type RefundedLine, refunds } from '../money/schema.ts'
import type { OrderRows } from '../orders/find-order.ts'
import { amountOfUnits } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, orderLines, orders } from '../orders/schema.ts'

/** Returns the numbers of a line that are already in a refund of the order. */
export async function refundedOf(ctx: Ctx, orderId: string): Promise<(line: number) => Set<number>> {
  const others = await ctx.db
    .select({ lines: refunds.lines })
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), ne(refunds.status, 'refused')))
  return (line) =>
    new Set(
      others
        .flatMap(({ lines }) => lines.filter((each) => each.line === line))
        .flatMap((each) => each.numbers),
    )
}

/** All tickets that can still be refunded. `ticketsOf`: those of a line that count. */
export async function refundableOf(
  ctx: Ctx,
  { order, lines }: OrderRows,
  ticketsOf = (row: OrderLineRow) => linePort(row.kind).tickets(ctx, row),
): Promise<RefundedLine[]> {
  const refundedIn = await refundedOf(ctx, order.id)
  const rest = await Promise.all(
    lines.filter(isIssued).map(async (row) => {
      const refunded = refundedIn(row.line)
      const tickets = await ticketsOf(row)
      return { line: row.line, numbers: tickets.filter((number) => !refunded.has(number)) }
    }),
  )
  return rest.filter(({ numbers }) => numbers.length > 0)
}

export const isIssued = (row: OrderLineRow): boolean =>
  row.state === 'issued' && row.refundedQuantity < row.quantity

export const priceOf = (rows: readonly OrderLineRow[], lines: readonly RefundedLine[]): number =>
  amountOfUnits(lines.map(({ line, numbers }) => ({ row: rows.find((row) => row.line === line)!, numbers })))

interface ReserveOptions {
  guard?: SQL
  /** Statements for the same batch. `isMade`: the batch inserted the refund. */
  more?: (isMade: SQL, id: string) => BatchItem<'sqlite'>[]
}

/**
 * Records the refund and reserves its tickets and amount. Does nothing if one of the tickets is in another refund, or if
 * more would be refunded than was paid. Each try of the batch has its own id. If the first try was written, the second
 * inserts no row, so it reserves nothing.
 */
export async function reserve(
  ctx: Ctx,
  refund: NewRefund,
  { guard, more }: ReserveOptions = {},
): Promise<void> {
  const wanted = JSON.stringify(refund.lines)
  const takesBack = refund.lines.length > 0
  const isPossible = and(takesBack ? isRefundable(refund, wanted) : sql`true`, guard)
  await withRetry(() => {
    const id = newId('refund')
    const isMade = sql`EXISTS (SELECT 1 FROM ${refunds} WHERE ${refunds.id} = ${id})`
    return ctx.db.batch([
      insertRefund(ctx, { ...refund, id }, isPossible),
      ...(takesBack ? reserveUnits(ctx, refund, wanted, isMade) : []),
      ...(more?.(isMade, id) ?? []),
    ])
  })
}

const reserveUnits = (ctx: Ctx, { orderId, amount }: NewRefund, wanted: string, isMade: SQL) => [
  ctx.db
    .update(orders)
    .set({ refundedAmount: sql`${orders.refundedAmount} + ${amount}`, updatedAt: ctx.now })
    .where(and(eq(orders.id, orderId), isMade)),
  ctx.db
    .update(orderLines)
    .set({
      refundedQuantity: sql`${orderLines.refundedQuantity} + (
        SELECT json_array_length(value, '$.numbers') FROM json_each(${wanted})
        WHERE value->>'line' = ${orderLines.line})`,
    })
    .where(
      and(
        eq(orderLines.orderId, orderId),
        sql`${orderLines.line} IN (SELECT value->>'line' FROM json_each(${wanted}))`,
        isMade,
      ),
    ),
]

function isRefundable({ orderId, amount, lines }: NewRefund, wanted: string): SQL {
  const amountLeft = sql`SELECT 1 FROM ${orders} WHERE ${orders.id} = ${orderId} AND ${orders.settledAt} IS NOT NULL
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
  return sql`EXISTS (${amountLeft}) AND (${linesLeft}) = ${lines.length} AND NOT EXISTS (${elsewhere})`
}
