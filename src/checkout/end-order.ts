/** How an unpaid order ends: by its buyer, or at the end of its time; never before its provider was asked once more. */
import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { SECOND_MS } from '../core/time.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { findOrder } from '../orders/find-order.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { tell } from '../orders/history-text.ts'
import { linePort } from '../orders/lines/index.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { reconcilePayment } from '../payments/reconcile-payment.ts'
import { stopPayment } from '../payments/stop-payment.ts'
import { GRACE_MS } from '../tickets/pool-contract.ts'

/** How long before the pools let go an order is ended even if its provider does not answer. */
const LAST_MOMENT_MS = 20 * SECOND_MS
const ASK_AGAIN_MS = 15 * SECOND_MS

/** By its buyer. */
export async function cancelOrder(ctx: Ctx, id: string): Promise<void> {
  const { userId } = requireUser(ctx)
  const { order } = await findOrder(ctx, id)
  if (order.userId !== userId) throw notFound('order')
  if (order.status === 'cancelled') return
  const asked = await askProviders(ctx, id)
  if (await end(ctx, id, 'cancelled', asked)) return
  const { order: present } = await findOrder(ctx, id)
  if (present.status === 'cancelled') return
  const why =
    present.receipt === null
      ? `This order is ${present.status} already.`
      : 'This order is paid: ask the organiser for a refund.'
  throw new Problem('invalid_state', why)
}

/** At the end of its time to pay. */
export async function expireOrder(ctx: Ctx, id: string): Promise<void> {
  const asked = await askProviders(ctx, id)
  const { order } = await findOrder(ctx, id)
  if (order.status !== 'pending' || order.receipt !== null) return
  if (!asked.heard && ctx.now < order.payUntil + GRACE_MS - LAST_MOMENT_MS) {
    await ctx.db
      .update(orders)
      .set({ dueAt: ctx.now + ASK_AGAIN_MS })
      .where(and(eq(orders.id, id), eq(orders.status, 'pending'), isNull(orders.receipt)))
    return
  }
  await end(ctx, id, 'expired', asked)
}

interface Asked {
  /** Whether every provider has answered. */
  heard: boolean
  tries: PaymentRow[]
}

/** Asks about every try to pay that is still open, and stops it; starts none. What has been paid is settled by that. */
async function askProviders(ctx: Ctx, id: string): Promise<Asked> {
  const open = await ctx.db
    .select()
    .from(payments)
    .where(and(eq(payments.orderId, id), inArray(payments.status, ['starting', 'pending'])))
  let heard = true
  for (const payment of open) {
    const observed = await reconcilePayment(ctx, payment, { mayStart: false })
    if (observed.status === 'unknown') heard = false
    if (observed.status === 'pending') await stopPayment(ctx, payment)
  }
  return { heard, tries: open }
}

/** Whether it was ended by this: an order that a receipt has claimed meanwhile is not. */
async function end(
  ctx: Ctx,
  id: string,
  status: 'expired' | 'cancelled',
  { heard, tries: asked }: Asked,
): Promise<boolean> {
  const isEnded = sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${orders.id} = ${id} AND ${orders.status} = ${status})`
  const [[ended], , tries] = await withRetry(() =>
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
      insertOrderEvent(ctx, id, status, tell[status](heard), isEnded),
    ]),
  )
  if (ended === undefined) return false
  // If this is cut short the holds end by themselves; what is sold meanwhile refuses.
  const { lines } = await findOrder(ctx, id)
  await Promise.all(lines.map((line) => linePort(line.kind).release(ctx, line)))
  // One that was started after the providers were asked: no other can be, now that the order is over.
  const late = tries.filter((each) => !asked.some((known) => known.id === each.id))
  await Promise.all(late.map((payment) => stopPayment(ctx, payment)))
  return true
}
