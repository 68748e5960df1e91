/** Lists the caller's own reservations with their tickets, newest first: of raffles, and of events. */
import { and, desc, eq, lt } from 'drizzle-orm'
import * as z from 'zod'
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { toInstant } from '../core/time.ts'
import { presentSummary } from '../events/present.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { asShown, isTicketType, presentReservation, presentTickets } from '../tickets/present.ts'
import { pools, reservations } from '../tickets/schema.ts'
import { saleTermsOf } from '../tickets/terms.ts'
import type { MyReservation } from './contract.ts'

export async function listTickets(ctx: Ctx, query: PageQuery): Promise<PageOf<MyReservation>> {
  const { userId } = requireCheckedUser(ctx)
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  // Ids start with the time of the purchase, so they sort by it.
  const rows = await ctx.db
    .select({
      reservation: reservations,
      itemId: pools.itemId,
      terms: pools.terms,
      drawAt: pools.effectiveDrawAt,
      cancellation: pools.cancellation,
      event: events,
    })
    .from(reservations)
    .innerJoin(pools, eq(pools.pool, reservations.pool))
    .leftJoin(ticketTypes, eq(ticketTypes.pool, reservations.pool))
    .leftJoin(events, eq(events.id, ticketTypes.eventId))
    .where(
      and(eq(reservations.holder, userId), last === undefined ? undefined : lt(reservations.id, last[0])),
    )
    .orderBy(desc(reservations.id))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ reservation }) => [reservation.id],
    ({ reservation, itemId, terms, drawAt, cancellation, event }) => {
      const { title, digits } = saleTermsOf(terms)
      const item = { id: itemId, title }
      return {
        reservation: presentReservation(itemId, asShown(reservation, cancellation !== null)),
        tickets: presentTickets(reservation.numbers, digits),
        raffle: isTicketType(itemId) ? null : { ...item, drawAt: toInstant(drawAt * 1_000) },
        ticketType: isTicketType(itemId) ? item : null,
        event: event === null ? null : presentSummary(event, ctx.now),
      }
    },
  )
}
