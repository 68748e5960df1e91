/** What is left to take back from a suspended user. It is read from the present rows, so a crash or a repeat loses nothing. */
import { and, asc, eq, exists, gt, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { capacityGroups, events, ticketTypes } from '../events/schema.ts'
import { grants } from '../grants/schema.ts'
import { orderLines, orders } from '../orders/schema.ts'
import { pools, reservations } from '../tickets/schema.ts'

/** Whose things, and the only raffle that counts; null: every raffle that is not frozen, and every event that is not over. */
export interface Scope {
  userId: string
  raffleId: string | null
}

/** The rows of a user who is active again are left alone. */
const isSuspended = ({ userId }: Scope) =>
  sql`EXISTS (SELECT 1 FROM ${users} WHERE ${users.id} = ${userId} AND ${users.status} = 'suspended')`

/** A ticket type never freezes, but nothing is taken back of an event that is over. */
const isOfOpenEvent = (ctx: Ctx, part: typeof ticketTypes | typeof capacityGroups = ticketTypes) =>
  exists(
    ctx.db
      .select({ id: sql`1` })
      .from(part as typeof ticketTypes)
      .innerJoin(events, eq(events.id, part.eventId))
      .where(and(eq(part.id, pools.itemId), gt(events.endsAt, ctx.now))),
  )

/**
 * The pool's list can still change. A freeze may be under way, or unknown to D1: then the pool refuses. A raffle that
 * waits for this user before its freeze is named, and counts until it is committed.
 */
const isChangeable = (ctx: Ctx, { raffleId }: Scope) =>
  and(
    isNull(pools.commitment),
    isNull(pools.cancellation),
    raffleId === null ? or(gt(pools.freezeAt, ctx.now), isOfOpenEvent(ctx)) : eq(pools.itemId, raffleId),
  )

const linesOfPools = (ctx: Ctx) =>
  ctx.db
    .select({ line: orderLines.line })
    .from(orderLines)
    .innerJoin(pools, eq(pools.itemId, orderLines.itemId))

/** Paid units of a pool that are not refunded. Products have no pool. */
const isOwed = (ctx: Ctx, scope: Scope) =>
  and(
    eq(orderLines.state, 'issued'),
    lt(orderLines.refundedQuantity, orderLines.quantity),
    gt(orderLines.unitAmount, 0),
    isChangeable(ctx, scope),
  )

/**
 * Pools to leave: those with a waiting list, because only they know who waits, and those that hold tickets for the user. A
 * capacity group holds seats for a `waitKey`, which begins with the user.
 * They stay in this list while others wait there.
 */
export const waitingLists = (ctx: Ctx, scope: Scope, limit: number) =>
  ctx.db
    .select({ id: pools.pool })
    .from(pools)
    .where(
      and(
        or(
          sql`waiting > 0`,
          inArray(
            pools.pool,
            ctx.db
              .select({ pool: reservations.pool })
              .from(reservations)
              .where(and(isHolder(scope), eq(reservations.state, 'held'))),
          ),
        ),
        isSuspended(scope),
        or(isOfOpenEvent(ctx), isOfOpenEvent(ctx, capacityGroups)),
      ),
    )
    .orderBy(asc(pools.pool))
    .limit(limit)

const isHolder = ({ userId }: Scope) =>
  or(
    eq(reservations.holder, userId),
    and(gt(reservations.holder, `${userId}:`), lt(reservations.holder, `${userId};`)),
  )

/** Unpaid orders, paid ones that are not settled yet, and those with tickets to refund. */
export function ordersLeft(ctx: Ctx, scope: Scope, limit: number) {
  const { userId, raffleId } = scope
  const hasLine = (which: SQL | undefined) =>
    exists(linesOfPools(ctx).where(and(eq(orderLines.orderId, orders.id), which)))
  const isUnsettled = or(
    eq(orders.status, 'pending'),
    and(isNotNull(orders.receipt), isNull(orders.settledAt)),
  )
  return ctx.db
    .select({ id: orders.id })
    .from(orders)
    .where(
      and(
        eq(orders.userId, userId),
        isSuspended(scope),
        or(
          raffleId === null ? isUnsettled : and(isUnsettled, hasLine(isChangeable(ctx, scope))),
          hasLine(isOwed(ctx, scope)),
        ),
      ),
    )
    .orderBy(asc(orders.id))
    .limit(limit)
}

/** The lines of an order with tickets to refund. */
export async function linesLeft(ctx: Ctx, scope: Scope, orderId: string): Promise<ReadonlySet<number>> {
  const rows = await linesOfPools(ctx).where(
    and(eq(orderLines.orderId, orderId), isSuspended(scope), isOwed(ctx, scope)),
  )
  return new Set(rows.map(({ line }) => line))
}

/** Grants whose entries the pool has, or may get. Grants without an owner wait on: a suspended user gets none. */
export const grantsLeft = (ctx: Ctx, scope: Scope, limit: number) =>
  ctx.db
    .select({ raffleId: grants.raffleId, orderRef: grants.orderRef })
    .from(grants)
    .innerJoin(pools, eq(pools.itemId, grants.raffleId))
    .where(
      and(
        eq(grants.userId, scope.userId),
        gt(grants.entries, 0),
        inArray(grants.status, ['waiting', 'granted']),
        isSuspended(scope),
        isChangeable(ctx, scope),
      ),
    )
    .orderBy(asc(grants.createdAt))
    .limit(limit)

/** An order may hold free admissions too. The terms of a raffle name no price here: its free tickets are never held. */
const isFree = or(isNull(reservations.heldUntil), sql`${pools.terms}->>'unitAmount' = 0`)

/** Tickets that cost nothing, and those that somebody else paid for: no refund takes them back. */
export const freeTicketsLeft = (ctx: Ctx, scope: Scope, limit: number) =>
  ctx.db
    .select({ id: reservations.id })
    .from(reservations)
    .innerJoin(pools, eq(pools.pool, reservations.pool))
    .where(
      and(
        eq(reservations.holder, scope.userId),
        // Those that the user has given to others too.
        inArray(reservations.state, ['sold', 'transferred']),
        isFree,
        isSuspended(scope),
        isChangeable(ctx, scope),
      ),
    )
    .orderBy(asc(reservations.id))
    .limit(limit)
