/**
 * Tells all holders of an event's tickets, and those who wait for them, what has changed. Goes through the reservations of each pool by cursor, one page
 * per batch, over as many sweeps as needed. A holder gets one mail for each change, however many tickets and types.
 */
import { and, asc, count, eq, isNotNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import { enqueueMails } from '../../accounts/mail/enqueue-mail.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { MINUTE_MS, SECOND_MS } from '../../core/time.ts'
import { askPool } from '../../tickets/client.ts'
import { isPerson } from '../../tickets/is-person.ts'
import type { HolderSlice, Reservation } from '../../tickets/pool-contract.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { reservations } from '../../tickets/schema.ts'
import { type EventNoticeRow, type EventRow, eventNotices, events, ticketTypes } from '../schema.ts'
import type { EventNews } from './news.ts'

const MAX_PASS_MS = 5 * SECOND_MS
const NOTICES_A_PASS = 100
/** No more reservations than a pool gives in one slice. */
const RESERVATIONS_A_PAGE = 500

interface Found {
  notice: EventNoticeRow
  type: { pool: string; priceAmount: number; capacityGroupId: string | null }
  event: Pick<EventRow, 'id' | 'status'>
}

/** Longer than telling a hundred thousand holders takes. */
const STUCK_AFTER_MS = 10 * MINUTE_MS

/** How many ticket types have holders who have waited ten minutes for the news: a notice keeps its due time until it is done. */
export async function countStuckNotices(ctx: Ctx): Promise<number> {
  const found = await ctx.db
    .select({ stuck: count() })
    .from(eventNotices)
    .where(lt(eventNotices.dueAt, ctx.now - STUCK_AFTER_MS))
    .get()
  return found?.stuck ?? 0
}

/** Continues every unfinished notice, the oldest first. */
export async function sweepEventNotices(ctx: Ctx): Promise<void> {
  const until = Date.now() + MAX_PASS_MS
  const due: Found[] = await ctx.db
    .select({
      notice: eventNotices,
      type: {
        pool: ticketTypes.pool,
        priceAmount: ticketTypes.priceAmount,
        capacityGroupId: ticketTypes.capacityGroupId,
      },
      event: { id: events.id, status: events.status },
    })
    .from(eventNotices)
    .innerJoin(ticketTypes, eq(ticketTypes.id, eventNotices.ticketTypeId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(lte(eventNotices.dueAt, ctx.now))
    .orderBy(asc(eventNotices.dueAt))
    .limit(NOTICES_A_PASS)
  for (const [at, found] of due.entries()) {
    const now = Date.now()
    if (now >= until) return
    try {
      // Each notice gets a share of the time left, so that one with many holders does not block all others.
      await tellAll(ctx, found, now + (until - now) / (due.length - at))
    } catch (error) {
      ctx.log.error('holders of a ticket type not told', { ticketTypeId: found.notice.ticketTypeId, error })
    }
  }
}

async function tellAll(ctx: Ctx, found: Found, until: number): Promise<void> {
  const { notice, event } = found
  for (let cursor: number | null = notice.cursor; cursor !== null && Date.now() < until; ) {
    const after: number = cursor
    const { holders, next } = await nextPage(ctx, found, after)
    cursor = next
    await enqueuePage(ctx, event.id, { ...notice, cursor: after }, [...new Set(holders)], next)
  }
}

const NOBODY: HolderSlice = { holders: [], next: null }

/** Whom the news concerns, after `after` in their pool. */
async function nextPage(ctx: Ctx, { notice, type, event }: Found, after: number): Promise<HolderSlice> {
  const { kind } = notice.news
  // The cancellation is the latest news. It has notices of its own.
  if (event.status === 'cancelled' && kind === 'event_postponed') return NOBODY
  if (kind === 'wait_ended') {
    const { pool, capacityGroupId } = type
    const [list, typePool] = capacityGroupId === null ? [pool, null] : [poolNameOf(capacityGroupId), pool]
    const slice = await askPool(ctx, list, (stub) => stub.waitingSlice(after, RESERVATIONS_A_PAGE, typePool))
    return slice ?? NOBODY
  }
  const slice = await askPool(ctx, type.pool, (stub) => stub.reservationSlice(after, RESERVATIONS_A_PAGE))
  if (slice === null) return NOBODY
  const holders = slice.reservations
    .filter((reservation) => isConcerned(reservation, notice, type.priceAmount))
    .map(({ holder }) => holder)
    .filter(isPerson)
  return { holders, next: slice.next }
}

/**
 * Of a postponement: everybody who reserved before it. Tickets may be paid only after their page, so held ones count too.
 * Of a cancellation: everybody who paid nothing, because the others get a mail about their refund. An order holds what it
 * sells, so what was never held was free, won, or given by somebody else.
 */
const isConcerned = (
  { state, at, heldUntil }: Reservation,
  { news, at: since }: EventNoticeRow,
  price: number,
): boolean =>
  news.kind === 'event_postponed'
    ? (state === 'sold' || state === 'held') && at <= since
    : state === 'sold' && (price === 0 || heldUntil === null)

/** Race: two sweeps on the same page. Safe: mails and cursor change in one batch, guarded by the cursor. */
async function enqueuePage(
  ctx: Ctx,
  eventId: string,
  { ticketTypeId, at, news, cursor }: EventNoticeRow,
  holders: string[],
  next: number | null,
): Promise<void> {
  const isAtCursor = and(
    eq(eventNotices.ticketTypeId, ticketTypeId),
    eq(eventNotices.at, at),
    eq(eventNotices.cursor, cursor),
    isNotNull(eventNotices.dueAt),
  )
  const isTurn = sql`EXISTS (SELECT 1 FROM ${eventNotices} WHERE ${isAtCursor})`
  // The same for all ticket types: who holds several kinds gets one mail.
  const rows = holders.map((to) => ({ to, subject: `${eventId}:${at}:${to}` }))
  const moveCursor = ctx.db
    .update(eventNotices)
    .set(next === null ? { dueAt: null } : { cursor: next })
    .where(isAtCursor)
  const mails = enqueueMails<EventNews['kind']>(ctx, news.kind, rows, {
    bulk: true,
    guard: sql`${isTurn} AND NOT ${knowsOtherwise(eventId, news)}`,
    data: news.data,
  })
  await withRetry(() => ctx.db.batch([mails, moveCursor]))
}

/**
 * Whether another mail brings the news of a cancellation: that about the refund, if a person also paid for tickets of this
 * event; that to holders, if one who waits has tickets too.
 */
function knowsOtherwise(eventId: string, { kind }: EventNews): SQL {
  if (kind === 'event_postponed') return sql`false`
  const paid = sql`AND ${isNotNull(reservations.heldUntil)} AND ${ticketTypes.priceAmount} > 0`
  return sql`EXISTS (
    SELECT 1 FROM ${reservations} JOIN ${ticketTypes} ON ${ticketTypes.pool} = ${reservations.pool}
    WHERE ${reservations.holder} = value->>'to' AND ${reservations.state} = 'sold'
      AND ${ticketTypes.eventId} = ${eventId} ${kind === 'event_cancelled' ? paid : sql``})`
}
