/** The ticket of an event that is a winner's prize: how it is joined, and whether its event was cancelled. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { prizeSeats, type RaffleRow } from '../raffles/schema.ts'
import { winners } from './schema.ts'

/** Joins the ticket that was set aside for the prize. */
export const isSeatOfWinner: SQL = and(
  eq(prizeSeats.raffleId, winners.raffleId),
  eq(prizeSeats.unit, winners.unit),
)!

/** With the joined event of that ticket. False if the prize is no admission. */
export const isEventCancelled = sql<boolean>`coalesce(${events.status} = 'cancelled', 0)`.mapWith(Boolean)

/** The units of a raffle that are admissions to cancelled events. */
export async function unitsOfCancelledEvents(ctx: Ctx, { id }: Pick<RaffleRow, 'id'>): Promise<Set<string>> {
  const rows = await ctx.db
    .select({ unit: prizeSeats.unit })
    .from(prizeSeats)
    .innerJoin(ticketTypes, eq(ticketTypes.id, prizeSeats.ticketTypeId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(and(eq(prizeSeats.raffleId, id), eq(events.status, 'cancelled')))
  return new Set(rows.map(({ unit }) => unit))
}
