/** Sweeps orders: settles those with money that is not settled, and expires those that were not paid in time. */
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
  // Receipts first: money that arrived in time counts even if the sweep is late.
  await settleOrFlag(ctx, order)
  if (order.status === 'pending' && order.receipt === null && ctx.now >= order.payUntil) {
    await expireOrder(ctx, order.id)
  }
}

/** After an error the order is retried, behind the other due orders. Once it is late, operators see it. */
async function settleOrFlag(ctx: Ctx, { id, dueAt }: OrderRow): Promise<void> {
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
