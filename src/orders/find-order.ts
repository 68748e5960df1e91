/** Finds orders with their lines and the payment that counts: any number of orders in one batch. */
import { and, asc, eq, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { receiptKeySql } from '../money/receipt-key.ts'
import { type PaymentRow, payments, receipts } from '../money/schema.ts'
import { type OrderLineRow, type OrderRow, orderLines, orders } from './schema.ts'

export interface OrderRows {
  order: OrderRow
  lines: OrderLineRow[]
  /** The payment that paid the order. Until one has, the latest. Null: the order costs nothing. */
  payment: PaymentRow | null
}

/** Passes all values as one parameter, because a statement takes at most a hundred. */
export const isOneOf = (column: SQLiteColumn, values: readonly string[]): SQL =>
  sql`${column} IN (SELECT value FROM json_each(${JSON.stringify(values)}))`

/** In the order of `ids`. Unknown ids are left out. */
export async function findOrders(ctx: Ctx, ids: readonly string[]): Promise<OrderRows[]> {
  const [found, lines, counting] = await ctx.db.batch([
    ctx.db.select().from(orders).where(isOneOf(orders.id, ids)),
    ctx.db.select().from(orderLines).where(isOneOf(orderLines.orderId, ids)).orderBy(asc(orderLines.line)),
    ctx.db
      .select()
      .from(payments)
      .where(sql`${payments.id} IN (${countingPayments(ids)})`),
  ])
  const orderOf = new Map(found.map((order) => [order.id, order]))
  const linesOf = Map.groupBy(lines, ({ orderId }) => orderId)
  const paymentOf = new Map(counting.map((payment) => [payment.orderId, payment]))
  return ids.flatMap((id) => {
    const order = orderOf.get(id)
    return order === undefined
      ? []
      : [{ order, lines: linesOf.get(id) ?? [], payment: paymentOf.get(id) ?? null }]
  })
}

const countingPayments = (orderIds: readonly string[]): SQL => sql`
  SELECT coalesce(
    (SELECT ${receipts.paymentId} FROM ${receipts} WHERE ${receipts.orderId} = ${orders.id}
      AND ${receiptKeySql} = ${orders.receipt}),
    (SELECT max(${payments.id}) FROM ${payments} WHERE ${payments.orderId} = ${orders.id}))
  FROM ${orders} WHERE ${isOneOf(orders.id, orderIds)}`

export async function findOrder(ctx: Ctx, id: string): Promise<OrderRows> {
  const [found] = await findOrders(ctx, [id])
  if (found === undefined) throw notFound('order')
  return found
}

export async function findOrderByKey(ctx: Ctx, userId: string, key: string): Promise<OrderRows | undefined> {
  const row = await ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.userId, userId), eq(orders.key, key)))
    .get()
  return row === undefined ? undefined : findOrder(ctx, row.id)
}
