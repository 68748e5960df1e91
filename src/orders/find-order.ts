/** Reading an order with its lines, and the try to pay that counts. */
import { and, asc, desc, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type PaymentRow, payments, receipts } from '../money/schema.ts'
import { type OrderLineRow, type OrderRow, orderLines, orders } from './schema.ts'

export interface OrderRows {
  order: OrderRow
  lines: OrderLineRow[]
  /** The try that paid; while none has, the latest. */
  payment: PaymentRow
}

export async function findOrder(ctx: Ctx, id: string): Promise<OrderRows> {
  const [[order], lines, [payment]] = await ctx.db.batch([
    ctx.db.select().from(orders).where(eq(orders.id, id)),
    ctx.db.select().from(orderLines).where(eq(orderLines.orderId, id)).orderBy(asc(orderLines.line)),
    ctx.db
      .select()
      .from(payments)
      .where(eq(payments.orderId, id))
      .orderBy(desc(sql`${payments.id} IS (${payingTry(id)})`), desc(payments.id))
      .limit(1),
  ])
  if (order === undefined || payment === undefined) throw notFound('order')
  return { order, lines, payment }
}

const payingTry = (orderId: string) => sql`
  SELECT ${receipts.paymentId} FROM ${orders} JOIN ${receipts} ON ${receipts.orderId} = ${orders.id}
    AND ${receipts.provider} || ':' || ${receipts.reference} = ${orders.receipt}
  WHERE ${orders.id} = ${orderId}`

export async function findOrderByKey(ctx: Ctx, userId: string, key: string): Promise<OrderRows | undefined> {
  const row = await ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.userId, userId), eq(orders.key, key)))
    .get()
  return row === undefined ? undefined : findOrder(ctx, row.id)
}
