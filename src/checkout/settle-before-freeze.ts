/** What a raffle's pool asks for before it fixes the list: how each order that may still bring money for it stands. */
import { and, asc, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { settleOrder } from '../payments/settle-order.ts'
import { expireOrder } from './end-order.ts'

/** Settles what has been paid and ends the rest, as many as a pass of the sweep may; what comes later goes back. */
export const lookOnceMore = (ctx: Ctx, raffleId: string) =>
  sweepRows(ctx, {
    name: 'order of a raffle that freezes',
    page: (limit) =>
      ctx.db
        .selectDistinct({ id: orders.id })
        .from(orderLines)
        .innerJoin(orders, eq(orders.id, orderLines.orderId))
        .where(
          and(eq(orderLines.itemId, raffleId), eq(orderLines.state, 'held'), eq(orders.status, 'pending')),
        )
        .orderBy(asc(orders.id))
        .limit(limit),
    one: async ({ id }) => {
      await settleOrder(ctx, id)
      await expireOrder(ctx, id)
    },
  })
