/**
 * Lists the actor's own orders, or those with lines of an organisation whose payments the actor manages; newest first.
 */
import { and, desc, eq, lt } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission, requireCheckedUser, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import type { ListOrders, Order } from './contract.ts'
import { findOrders } from './find-order.ts'
import { presentOrder, readDetails } from './present.ts'
import { presentPart } from './present-part.ts'
import { orderLines, orders } from './schema.ts'

export async function listOrders(ctx: Ctx, query: ListOrders): Promise<PageOf<Order>> {
  const { userId } = requireCheckedUser(ctx)
  const { organisationId } = query
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  if (organisationId !== undefined) await requirePermission(ctx, organisationId, 'payments:manage')
  const rows =
    organisationId === undefined
      ? await ctx.db
          .select({ id: orders.id })
          .from(orders)
          .where(and(eq(orders.userId, userId), last === undefined ? undefined : lt(orders.id, last[0])))
          .orderBy(desc(orders.id))
          .limit(query.limit + 1)
      : await ctx.db
          .selectDistinct({ id: orderLines.orderId })
          .from(orderLines)
          .where(
            and(
              eq(orderLines.organisationId, organisationId),
              last === undefined ? undefined : lt(orderLines.orderId, last[0]),
            ),
          )
          .orderBy(desc(orderLines.orderId))
          .limit(query.limit + 1)
  const { data, nextCursor } = toPage(
    rows,
    query.limit,
    ({ id }) => [id],
    ({ id }) => id,
  )
  const found = await findOrders(ctx, data)
  const details = await readDetails(ctx, found)
  if (organisationId === undefined)
    return { data: found.map((rows) => presentOrder(rows, details)), nextCursor }
  const maySend = await hasPermission(ctx, organisationId, 'catalogue:write')
  const sees = (id: string) => id === organisationId
  const sends = (id: string) => maySend && sees(id)
  return { data: found.map((rows) => presentPart(rows, details, { sees, sends })), nextCursor }
}
