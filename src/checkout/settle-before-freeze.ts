/** The pool calls this just before it freezes the ticket list: it settles every order whose payment arrived and expires the rest. */
import { and, asc, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { settleOrder } from '../payments/settle-order.ts'
import { expireOrder } from './expire-order.ts'

/** Handles at most as many orders as one pass of a sweep. Money that arrives later is refunded. */
export const settleOrdersBeforeFreeze = (ctx: Ctx, itemId: string) =>
  sweepRows(ctx, {
    name: 'order of a raffle that freezes',
    page: (limit) =>
      ctx.db
        .selectDistinct({ id: orders.id })
        .from(orderLines)
        .innerJoin(orders, eq(orders.id, orderLines.orderId))
        .where(and(eq(orderLines.itemId, itemId), eq(orderLines.state, 'held'), eq(orders.status, 'pending')))
        .orderBy(asc(orders.id))
        .limit(limit),
    one: async ({ id }) => {
      await settleOrder(ctx, id)
      await expireOrder(ctx, id)
    },
  })
