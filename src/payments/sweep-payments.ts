/** Sweeps payments: polls the providers of unconfirmed ones on their schedule. */
import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { SECOND_MS } from '../core/time.ts'
import { payments } from '../money/schema.ts'
import { orders } from '../orders/schema.ts'
import { reconcilePayment } from './reconcile-payment.ts'

/** The next sweep will have started by then. */
const UNTIL_NEXT_MS = 65 * SECOND_MS

export const sweepPayments = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'payment',
    page: (limit) => duePayments(ctx, limit),
    one: (payment, at) => reconcilePayment(at, payment),
  })

/** Payments that are due, and open payments of orders whose time to pay ends before the next sweep. */
function duePayments(ctx: Ctx, limit: number) {
  const ending = ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        eq(orders.status, 'pending'),
        lte(orders.dueAt, ctx.now + UNTIL_NEXT_MS),
        lte(orders.payUntil, ctx.now + UNTIL_NEXT_MS),
      ),
    )
    .orderBy(asc(orders.dueAt))
    .limit(limit)
  const ids = sql`
    SELECT id FROM (
      SELECT ${payments.id} AS id FROM ${payments} WHERE ${payments.dueAt} <= ${ctx.now}
      ORDER BY ${payments.dueAt} LIMIT ${limit}
    ) UNION SELECT ${payments.id} FROM ${payments}
    WHERE ${payments.status} IN ('starting', 'pending') AND ${payments.orderId} IN (${ending})`
  return ctx.db
    .select()
    .from(payments)
    .where(inArray(payments.id, sql`(${ids})`))
    .orderBy(asc(payments.dueAt))
    .limit(limit)
}
