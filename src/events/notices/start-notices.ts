/** Statements that start to tell the holders of an event's tickets, for the batch that changes the event. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { type EventRow, eventNotices, events, ticketTypes } from '../schema.ts'
import type { EventNews } from './news.ts'

/** Tells the holders of all ticket types that the event was postponed. `event`: as it was before. */
export function startPostponedNotices(
  ctx: Ctx,
  event: EventRow,
  { startsAt, refundUntil, reason }: { startsAt: number; refundUntil: number; reason: string },
) {
  const { id: eventId, title, timeZone, startsAt: wasStartsAt } = event
  const news: EventNews = {
    kind: 'event_postponed',
    data: { eventId, title, wasStartsAt, startsAt, refundUntil, timeZone, reason },
  }
  const rows = ctx.db
    .select({
      ticketTypeId: ticketTypes.id,
      at: sql<number>`${ctx.now}`.as('at'),
      news: sql<EventNews>`${JSON.stringify(news)}`.as('news'),
      cursor: sql<number>`0`.as('cursor'),
      dueAt: sql<number>`${ctx.now}`.as('due_at'),
    })
    .from(ticketTypes)
    .where(and(eq(ticketTypes.eventId, eventId), isPostponedNow(ctx, eventId)))
  return ctx.db.insert(eventNotices).select(rows).onConflictDoNothing()
}

/** False if another change of this moment came first. */
const isPostponedNow = (ctx: Ctx, id: string): SQL => sql`EXISTS (
  SELECT 1 FROM ${events} WHERE ${events.id} = ${id} AND ${events.postponedAt} = ${ctx.now})`

/** Tells the holders of one ticket type, and who waits for it, that the event is cancelled, once its pool gives out nothing more. */
export function startCancelledNotice(
  ctx: Ctx,
  { id: eventId, title, startsAt, timeZone, cancelReason, cancelledAt, postponedAt }: EventRow,
  ticketTypeId: string,
) {
  const data = { eventId, title, startsAt, timeZone, reason: cancelReason! }
  const toHolders: EventNews = { kind: 'event_cancelled', data }
  const toWaiting: EventNews = { kind: 'wait_ended', data }
  // Both may have come in the same millisecond.
  const at = Math.max(cancelledAt!, (postponedAt ?? 0) + 1)
  const rows = [toHolders, toWaiting].map((news, more) => ({
    ticketTypeId,
    at: at + more,
    news,
    dueAt: ctx.now,
  }))
  return ctx.db.insert(eventNotices).values(rows).onConflictDoNothing()
}
