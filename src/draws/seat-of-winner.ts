/** The ticket of an event that is a winner's prize: how it is joined, and why it cannot be issued. */
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

/** With the joined ticket: the reservation that this winner got of it. After a redraw, the ticket is another winner's. */
export const issuedTo = (winnerId: unknown): SQL<string | null> =>
  sql<string | null>`iif(${prizeSeats.winnerId} = ${winnerId}, ${prizeSeats.issuedId}, NULL)`

/** Why a winner cannot get an admission. `over`: it was not claimed before its event ended. */
export type SeatProblem = 'cancelled' | 'over'

/** With the joined ticket and its event. Null: nothing is wrong, or the prize is no admission. */
export const seatProblem = (ctx: Ctx): SQL<SeatProblem | null> => sql<SeatProblem | null>`CASE
  WHEN ${events.status} = 'cancelled' THEN 'cancelled'
  WHEN ${events.endsAt} <= ${ctx.now} AND ${prizeSeats.state} IN ('aside', 'lost') THEN 'over' END`

/** The units of a raffle that are admissions, each with its problem. */
export async function seatProblems(
  ctx: Ctx,
  { id }: Pick<RaffleRow, 'id'>,
): Promise<Map<string, SeatProblem | null>> {
  const rows = await ctx.db
    .select({ unit: prizeSeats.unit, problem: seatProblem(ctx) })
    .from(prizeSeats)
    .innerJoin(ticketTypes, eq(ticketTypes.id, prizeSeats.ticketTypeId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(eq(prizeSeats.raffleId, id))
  return new Map(rows.map(({ unit, problem }) => [unit, problem]))
}
