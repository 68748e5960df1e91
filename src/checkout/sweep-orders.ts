/** The sweep over orders: settles what was paid and not finished, ends what was not paid in time. */
import { and, asc, eq, isNotNull, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { type OrderRow, orders } from '../orders/schema.ts'
import { flagStuckOrder } from '../payments/flag-stuck-orders.ts'
import { settleOrder } from '../payments/settle-order.ts'
import { expireOrder } from './expire-order.ts'

export const sweepOrders = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'order',
    page: (limit) =>
      ctx.db
        .select()
        .from(orders)
        .where(and(isNotNull(orders.dueAt), lte(orders.dueAt, ctx.now)))
        .orderBy(asc(orders.dueAt))
        .limit(limit),
    one: (order) => advanceOrder(ctx, order),
  })

async function advanceOrder(ctx: Ctx, order: OrderRow): Promise<void> {
  // Receipts first: one that came in time is not too late because the sweep was.
  await settle(ctx, order)
  if (order.status === 'pending' && order.receipt === null && ctx.now >= order.payUntil) {
    await expireOrder(ctx, order.id)
  }
}

/** Where that fails it goes on being tried, after all that wait by now; somebody is told once it is late. */
async function settle(ctx: Ctx, { id, dueAt }: OrderRow): Promise<void> {
  try {
    await settleOrder(ctx, id)
  } catch (error) {
    await ctx.db.batch([
      flagStuckOrder(ctx, id),
      ctx.db
        .update(orders)
        .set({ dueAt: ctx.now })
        .where(and(eq(orders.id, id), eq(orders.dueAt, dueAt!))),
    ])
    throw error
  }
}
