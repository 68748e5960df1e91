/** Ends an unpaid order: queries its providers a last time, then records the end and releases its holds. */
import { and, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { findOrder } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { linePort } from '../orders/lines/index.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { reconcilePayment } from '../payments/reconcile-payment.ts'
import { stopPayment } from '../payments/stop-payment.ts'

export interface StoppedPayments {
  /** Whether every provider answered. If not, money may still arrive. */
  allAnswered: boolean
  payments: PaymentRow[]
}

/** Queries the provider of each open payment, settles those that were paid, and stops the rest. Starts no payment. */
export async function stopOpenPayments(ctx: Ctx, id: string): Promise<StoppedPayments> {
  const open = await ctx.db
    .select()
    .from(payments)
    .where(and(eq(payments.orderId, id), inArray(payments.status, ['starting', 'pending'])))
  let allAnswered = true
  for (const payment of open) {
    if (!(await stopUnpaid(ctx, payment))) allAnswered = false
  }
  return { allAnswered, payments: open }
}

/** Returns whether the provider answered. A payer may pay between the poll and the stop: then the payment is polled again. */
async function stopUnpaid(ctx: Ctx, payment: PaymentRow): Promise<boolean> {
  const { status } = await reconcilePayment(ctx, payment, { mayStart: false })
  if (status !== 'pending' || (await stopPayment(ctx, payment)) === 'stopped') return status !== 'unknown'
  return (await reconcilePayment(ctx, payment, { mayStart: false })).status !== 'unknown'
}

/** How an order ends unpaid; each has its text in the history. */
export type UnpaidEnd = 'expired' | 'cancelled' | 'cancelledByPlatform'

/** Returns false if the order had already ended, or if a receipt claimed it meanwhile. */
export async function endUnpaidOrder(
  ctx: Ctx,
  id: string,
  end: UnpaidEnd,
  { allAnswered, payments: stopped }: StoppedPayments,
): Promise<boolean> {
  const status = end === 'expired' ? 'expired' : 'cancelled'
  const isEnded = sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${id} AND ${orders.status} = ${status})`
  const [[ended], , expired, , [started]] = await withRetry(() =>
    ctx.db.batch([
      ctx.db
        .update(orders)
        .set({ status, dueAt: null, updatedAt: ctx.now })
        .where(and(eq(orders.id, id), eq(orders.status, 'pending'), isNull(orders.receipt)))
        .returning({ id: orders.id }),
      ctx.db
        .update(orderLines)
        .set({ state: 'released' })
        .where(and(eq(orderLines.orderId, id), eq(orderLines.state, 'held'), isEnded)),
      ctx.db
        .update(payments)
        .set({ status: 'expired', updatedAt: ctx.now })
        .where(and(eq(payments.orderId, id), inArray(payments.status, ['starting', 'pending']), isEnded))
        .returning(),
      insertOrderEvent(ctx, id, status, historyText[end](allAnswered), isEnded),
      ctx.db
        .select({ id: payments.id })
        .from(payments)
        .where(and(eq(payments.orderId, id), isNotNull(payments.reference)))
        .limit(1),
    ]),
  )
  if (ended === undefined) return false
  // If the process dies here, the holds expire by themselves, and a line that was sold since refuses to be released.
  const { lines } = await findOrder(ctx, id)
  // If no provider started a payment, the buyer could not pay.
  const isUnpaid = started !== undefined
  await Promise.all(lines.map((line) => linePort(line.kind).release(ctx, line, isUnpaid)))
  // A payment may have started after the providers were queried. No other can start now, because the order has ended.
  const late = expired.filter((each) => !stopped.some((known) => known.id === each.id))
  await Promise.all(late.map((payment) => stopPayment(ctx, payment)))
  return true
}
