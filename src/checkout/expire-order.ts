/** Expires an order that was not paid in time, after a last query of every provider that may have a payment for it. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { SECOND_MS } from '../core/time.ts'
import { findOrder } from '../orders/find-order.ts'
import { orders } from '../orders/schema.ts'
import { GRACE_MS } from '../tickets/pool-contract.ts'
import { endUnpaidOrder, stopOpenPayments } from './end-unpaid-order.ts'

/** This long before the pools release their holds, an order expires even if its provider does not answer. */
const LAST_MOMENT_MS = 20 * SECOND_MS
const RETRY_MS = 15 * SECOND_MS

export async function expireOrder(ctx: Ctx, id: string): Promise<void> {
  const stopped = await stopOpenPayments(ctx, id)
  const { order } = await findOrder(ctx, id)
  if (order.status !== 'pending' || order.receipt !== null) return
  if (!stopped.allAnswered && ctx.now < order.payUntil + GRACE_MS - LAST_MOMENT_MS) {
    await ctx.db
      .update(orders)
      .set({ dueAt: ctx.now + RETRY_MS })
      .where(and(eq(orders.id, id), eq(orders.status, 'pending'), isNull(orders.receipt)))
    return
  }
  await endUnpaidOrder(ctx, id, 'expired', stopped)
}
