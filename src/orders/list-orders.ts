/**
 * Lists the actor's own orders, or those with lines of an organisation whose payments the actor manages; newest first.
 */
import { and, desc, eq, gte, inArray, lt, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as z from 'zod'
import { hasPermission, requireCheckedUser, requirePermission } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { firstIdAt } from '../core/ids.ts'
import { MOST_ROWS_READ, type PageOf, readCursor, toPage } from '../core/paging.ts'
import { HOUR_MS } from '../core/time.ts'
import { findEventFor } from '../events/find-event.ts'
import type { ListOrders, Order } from './contract.ts'
import { findOrders } from './find-order.ts'
import { hasTicketsOfEvent, ordersOfEvent } from './orders-of-event.ts'
import { presentOrder, readDetails } from './present.ts'
import { presentPart } from './present-part.ts'
import { isProofSql } from './proof-order.ts'
import { orderLines, orders } from './schema.ts'

/** The clock that made an order's id and its `createdAt` were read at different moments of one request. */
const SLACK_MS = HOUR_MS

export async function listOrders(ctx: Ctx, query: ListOrders): Promise<PageOf<Order>> {
  const { userId } = requireCheckedUser(ctx)
  const { organisationId } = query
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  if (organisationId !== undefined) {
    await requirePermission(ctx, organisationId, 'payments:manage')
    await requireOwnEvent(ctx, organisationId, query.eventId)
  }
  const { rows, end } =
    organisationId === undefined
      ? await ownOrders(ctx, userId, query, last?.[0])
      : await partsOf(ctx, organisationId, query, last?.[0])
  const { data, nextCursor } = toPage(
    rows,
    query.limit,
    ({ id }) => [id],
    ({ id }) => id,
    end && [end.id],
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

async function requireOwnEvent(ctx: Ctx, organisationId: string, eventId: string | undefined): Promise<void> {
  if (eventId === undefined) return
  const event = await findEventFor(ctx, eventId, 'payments:manage')
  if (event.organisationId !== organisationId) throw notFound('event')
}

interface Found {
  rows: { id: string }[]
  /** The last row that was read, if a filtered page stopped before the end of the list. */
  end: { id: string } | undefined
}

function ownOrders(ctx: Ctx, userId: string, query: ListOrders, after: string | undefined): Promise<Found> {
  const hasTickets =
    query.raffleId === undefined
      ? undefined
      : sql`EXISTS (SELECT 1 FROM ${orderLines}
          WHERE ${eq(orderLines.orderId, orders.id)} AND ${eq(orderLines.itemId, query.raffleId)})`
  // What proves a phone is no order for anything; it is among the payments.
  const isOrder = sql`NOT ${isProofSql}`
  const following = and(eq(orders.userId, userId), isOrder, keysOf(orders.id, query, after))
  const page = (filter: SQL | undefined, limit: number, offset = 0) =>
    ctx.db
      .select({ id: orders.id })
      .from(orders)
      .where(and(following, filter))
      .orderBy(desc(orders.id))
      .limit(limit)
      .offset(offset)
  return readPage(
    ctx,
    page,
    orders.id,
    query.limit,
    and(isWanted(query), hasTickets, isOfEvent(orders.id, query)),
  )
}

const isOfEvent = (orderId: SQLiteColumn, { eventId }: ListOrders): SQL | undefined =>
  eventId === undefined ? undefined : hasTicketsOfEvent(orderId, eventId)

/** The orders with a line of an organisation. With a raffle or an event, its lines are read by the index of their item. */
function partsOf(
  ctx: Ctx,
  organisationId: string,
  query: ListOrders,
  after: string | undefined,
): Promise<Found> {
  const { raffleId, eventId } = query
  const keys = keysOf(orderLines.orderId, query, after)
  const isOfSeller = sql`+${orderLines.organisationId} = ${organisationId}`
  const ofSeller = (most: number) => {
    if (raffleId !== undefined) return and(eq(orderLines.itemId, raffleId), isOfSeller)
    if (eventId === undefined) return eq(orderLines.organisationId, organisationId)
    return and(sql`${orderLines.orderId} IN ${ordersOfEvent(eventId, keys, most)}`, isOfSeller)
  }
  const page = (filter: SQL | undefined, limit: number, offset = 0) =>
    ctx.db
      .selectDistinct({ id: orderLines.orderId })
      .from(orderLines)
      .where(and(ofSeller(filter === undefined ? limit + offset : MOST_ROWS_READ), keys, filter))
      .orderBy(desc(orderLines.orderId))
      .limit(limit)
      .offset(offset)
  const wanted = isWanted(query)
  const filter = and(
    wanted && sql`EXISTS (SELECT 1 FROM ${orders} WHERE ${eq(orders.id, orderLines.orderId)} AND ${wanted})`,
    raffleId === undefined ? undefined : isOfEvent(orderLines.orderId, query),
  )
  return readPage(ctx, page, orderLines.orderId, query.limit, filter)
}

/** The ids of a page. They begin with their time, so that a span of time is a span of ids. */
const keysOf = (id: SQLiteColumn, { since, until }: ListOrders, after: string | undefined): SQL | undefined =>
  and(
    after === undefined ? undefined : lt(id, after),
    since === undefined ? undefined : gte(id, firstIdAt('order', since - SLACK_MS)),
    until === undefined ? undefined : lt(id, firstIdAt('order', until + SLACK_MS)),
  )

const isWanted = ({ status, since, until }: ListOrders): SQL | undefined =>
  and(
    status === undefined ? undefined : inArray(orders.status, status),
    since === undefined ? undefined : gte(orders.createdAt, since),
    until === undefined ? undefined : lt(orders.createdAt, until),
  )

type Ids = BatchItem<'sqlite'> & SQLWrapper & PromiseLike<{ id: string }[]>

/** Reads a page, and with a filter at most `MOST_ROWS_READ` rows. */
async function readPage(
  ctx: Ctx,
  page: (filter: SQL | undefined, limit: number, offset?: number) => Ids,
  id: SQLiteColumn,
  limit: number,
  filter: SQL | undefined,
): Promise<Found> {
  if (filter === undefined) return { rows: await page(undefined, limit + 1), end: undefined }
  const readTo = page(undefined, 1, MOST_ROWS_READ - 1)
  const isRead = sql`${id} >= coalesce((${readTo}), '')`
  const [rows, [end]] = await ctx.db.batch([page(and(filter, isRead), limit + 1), readTo])
  return { rows, end }
}
