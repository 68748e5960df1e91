/** Lists one's own orders, the newest first. */
import { and, desc, eq, lt } from 'drizzle-orm'
import * as z from 'zod'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import type { Order } from './contract.ts'
import { readOrder } from './read-order.ts'
import { orders } from './schema.ts'

export async function listOrders(ctx: Ctx, query: PageQuery): Promise<PageOf<Order>> {
  const { userId } = requireUser(ctx)
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(and(eq(orders.userId, userId), last === undefined ? undefined : lt(orders.id, last[0])))
    .orderBy(desc(orders.id))
    .limit(query.limit + 1)
  const { data, nextCursor } = toPage(
    rows,
    query.limit,
    ({ id }) => [id],
    ({ id }) => id,
  )
  return { data: await Promise.all(data.map((id) => readOrder(ctx, id))), nextCursor }
}
