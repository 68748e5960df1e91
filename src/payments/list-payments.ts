/**
 * Lists payments, newest first: of orders that the actor manages, and for administrators all of them; for everybody else,
 * those of the actor's own orders.
 */
import { and, desc, eq, inArray, isNotNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission, requireCheckedUser, requireLiveUser } from '../accounts/permissions.ts'
import { members } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { MOST_ROWS_READ, type PageOf, readCursor, toPage } from '../core/paging.ts'
import { toInstantOrNull } from '../core/time.ts'
import { findEventFor } from '../events/find-event.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { waysOf } from '../orders/accepted-providers.ts'
import { hasTicketsOfEvent, ordersOfEvent } from '../orders/orders-of-event.ts'
import { paymentAdvice, type WaysToPay } from '../orders/payment-advice.ts'
import { type OrderRow, orderLines, orders } from '../orders/schema.ts'
import type { ListPayments, ManagedPayment } from './contract.ts'
import { presentManagedPayment } from './find-payment.ts'

const Key = z.tuple([z.string()])
/** In the list of an event, payments are sorted by their order first. */
const EventKey = z.tuple([z.string(), z.string()])

/** How many orders of an event a filtered page reads; each has at most ten payments. */
const MOST_ORDERS_READ = 500

export async function listPayments(ctx: Ctx, query: ListPayments): Promise<PageOf<ManagedPayment>> {
  if (query.eventId !== undefined && !query.mine) return listOfEvent(ctx, query, query.eventId)
  const after = readCursor(query.cursor, Key)
  const managed = query.mine ? [] : await managedOrganisations(ctx)
  if (managed.length === 0) return listOwn(ctx, query, after?.[0])
  const isManaged =
    managed === 'all'
      ? undefined
      : sql`EXISTS (SELECT 1 FROM ${orderLines} WHERE ${orderLines.orderId} = ${payments.orderId}
          AND ${inArray(orderLines.organisationId, sql`(SELECT value FROM json_each(${JSON.stringify(managed)}))`)})`
  const following = and(isManaged, after && lt(payments.id, after[0]))
  const page = (filter?: SQL) =>
    ctx.db
      .select()
      .from(payments)
      .where(and(following, query.needs === 'attention' ? isNotNull(payments.attention) : undefined, filter))
      .orderBy(desc(payments.id))
      .limit(query.limit + 1)
  // The list of payments that need attention has an index, and is short.
  if (query.status === undefined || query.needs !== undefined) {
    const rows = await page(query.status && inArray(payments.status, query.status))
    return toPage(rows, query.limit, ({ id }) => [id], presentManagedPayment)
  }
  const readTo = ctx.db
    .select({ id: payments.id })
    .from(payments)
    .where(following)
    .orderBy(desc(payments.id))
    .limit(1)
    .offset(MOST_ROWS_READ - 1)
  const isRead = sql`${payments.id} >= coalesce((${readTo}), '')`
  const [rows, [end]] = await ctx.db.batch([
    page(and(inArray(payments.status, query.status), isRead)),
    readTo,
  ])
  return toPage(rows, query.limit, ({ id }) => [id], presentManagedPayment, end && [end.id])
}

/** Starts from the event's orders, because no index finds its payments. An order with nothing to pay has no payment. */
async function listOfEvent(
  ctx: Ctx,
  { needs, status, limit, cursor }: ListPayments,
  eventId: string,
): Promise<PageOf<ManagedPayment>> {
  await findEventFor(ctx, eventId, 'payments:manage')
  const after = readCursor(cursor, EventKey)
  const most = needs === undefined && status === undefined ? limit + 2 : MOST_ORDERS_READ
  const keys = after && lte(orderLines.orderId, after[0])
  const found = await ctx.db.all<{ id: string }>(
    sql`SELECT id FROM ${ordersOfEvent(eventId, keys, most)} ORDER BY id DESC LIMIT ${most}`,
  )
  const rows = await ctx.db
    .select()
    .from(payments)
    .where(
      and(
        sql`${payments.orderId} IN (SELECT value FROM json_each(${JSON.stringify(found.map(({ id }) => id))}))`,
        after && sql`(${payments.orderId}, ${payments.id}) < (${after[0]}, ${after[1]})`,
        needs === 'attention' ? isNotNull(payments.attention) : undefined,
        status && inArray(payments.status, status),
      ),
    )
    .orderBy(desc(payments.orderId), desc(payments.id))
    .limit(limit + 1)
  // Every payment of the last order was read.
  const end = found.length < most ? undefined : ([found.at(-1)!.id, ''] as const)
  return toPage(rows, limit, ({ orderId, id }) => [orderId, id], presentManagedPayment, end)
}

/**
 * The payments of the caller's own orders. What is meant for operators is left out. The orders are read by their index of
 * the buyer; a plus sign keeps SQLite from reading all payments in the order of their ids instead.
 */
async function listOwn(
  ctx: Ctx,
  { needs, status, limit, eventId }: ListPayments,
  after: string | undefined,
): Promise<PageOf<ManagedPayment>> {
  const { userId } = requireCheckedUser(ctx)
  if (needs !== undefined) {
    throw new Problem('forbidden', 'You do not manage payments of any organisation.')
  }
  const rows = await ctx.db
    .select({ order: orders, payment: payments })
    .from(orders)
    .innerJoin(payments, eq(payments.orderId, orders.id))
    .where(
      and(
        eq(orders.userId, userId),
        status && inArray(payments.status, status),
        eventId === undefined ? undefined : hasTicketsOfEvent(orders.id, eventId),
        after === undefined ? undefined : sql`+${payments.id} < ${after}`,
      ),
    )
    .orderBy(sql`+${payments.id} DESC`)
    .limit(limit + 1)
  const ways = await waysOf(ctx, rows)
  return toPage(
    rows,
    limit,
    ({ payment }) => [payment.id],
    ({ order, payment }) => presentOwn(ctx, order, payment, ways.get(order.id)),
  )
}

function presentOwn(
  { now }: Ctx,
  order: OrderRow,
  payment: PaymentRow,
  ways: WaysToPay | undefined,
): ManagedPayment {
  const { message, next, until } = paymentAdvice(order, payment, now, ways)
  const told = { message, next, until: toInstantOrNull(until) }
  return { ...presentManagedPayment(payment), ...told, attention: null, dismissed: null }
}

async function managedOrganisations(ctx: Ctx): Promise<string[] | 'all'> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  if (isAdmin) return 'all'
  const memberships = await ctx.db
    .select({ id: members.organisationId })
    .from(members)
    .where(eq(members.userId, userId))
  const managed: string[] = []
  for (const { id } of memberships) if (await hasPermission(ctx, id, 'payments:manage')) managed.push(id)
  return managed
}
