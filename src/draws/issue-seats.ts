/**
 * Issues a prize that is an admission: the claim records that the ticket goes to this winner, then the pool transfers it,
 * then the prize is delivered. The sweep finishes it after a crash, and returns tickets that nobody can win any longer.
 */
import { and, asc, eq, lte, not, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { systemKey } from '../core/idempotency.ts'
import { doEach, type Swept, sweepRows } from '../core/sweep-rows.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { settleSeats } from '../raffles/prize-seats.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { type PrizeSeatRow, prizeSeats } from '../raffles/schema.ts'
import { askPool } from '../tickets/client.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import { nextUpdate } from './change-winner.ts'
import { hasOpenCorrection } from './open-correction.ts'
import { type WinnerRow, winners } from './schema.ts'

/** A statement for the batch of a claim. From here on the ticket is this winner's, who can no longer be disqualified. */
export const claimSeat = (ctx: Ctx, { id, raffleId, unit }: WinnerRow) =>
  ctx.db
    .update(prizeSeats)
    .set({ state: 'issuing', winnerId: id, dueAt: ctx.now })
    .where(
      and(
        eq(prizeSeats.raffleId, raffleId),
        eq(prizeSeats.unit, unit),
        eq(prizeSeats.state, 'aside'),
        sql`EXISTS (SELECT 1 FROM ${winners} WHERE ${winners.id} = ${id} AND ${winners.status} = 'claimed')`,
        not(hasOpenCorrection(id)),
      ),
    )

/** Issues the ticket that the winner has claimed. Idempotent: the same key is one transfer. */
export async function issueSeat(ctx: Ctx, winnerId: string): Promise<void> {
  const isIssuing = and(eq(prizeSeats.winnerId, winnerId), eq(prizeSeats.state, 'issuing'))
  const found = await ctx.db
    .select({
      seat: prizeSeats,
      holder: winners.userId,
      isLate: sql<boolean>`${events.endsAt} <= ${winners.claimedAt}`.mapWith(Boolean),
    })
    .from(prizeSeats)
    .innerJoin(winners, eq(winners.id, prizeSeats.winnerId))
    .innerJoin(ticketTypes, eq(ticketTypes.id, prizeSeats.ticketTypeId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(isIssuing)
    .get()
  if (found === undefined) return
  const { raffleId } = found.seat
  // The winner claimed after the event: nobody is let in any more.
  const issuedId = found.isLate ? null : await transferSeat(ctx, found)
  const isLost = issuedId === null
  const store = ctx.db
    .update(prizeSeats)
    .set({ state: isLost ? 'lost' : 'issued', issuedId, dueAt: null })
    .where(isIssuing)
  const deliver = ctx.db
    .update(winners)
    .set({ status: 'delivered', updatedAt: nextUpdate(ctx) })
    .where(and(eq(winners.id, winnerId), eq(winners.status, 'claimed')))
  await withRetry(() => ctx.db.batch([store, ...(isLost ? [] : [deliver]), makeDueNow(ctx, raffleId)]))
}

/** Returns the winner's reservation; null: the pool refuses for good. */
async function transferSeat(
  ctx: Ctx,
  { seat, holder }: { seat: PrizeSeatRow; holder: string },
): Promise<string | null> {
  const { raffleId, unit, reservationId, number } = seat
  const { pool, seq } = reservationAddress(reservationId!)
  const to = { holder, key: systemKey(`prize:${raffleId}:${unit}`) }
  const outcome = await askPool(ctx, pool, (stub) => stub.transfer(seq, reservationId!, number!, to))
  // What may pass by itself throws. A refusal is final: the prize stays claimed, and the organisation decides what the
  // winner gets. The only reason to expect is that its event was cancelled.
  if (outcome.ok) return outcome.reservation.id
  if (outcome.code !== 'invalid_state')
    ctx.log.error('admission of a winner refused', { raffleId, unit, reason: outcome.detail })
  return null
}

/** By raffle, so that tickets of one rank are returned together. */
export const sweepSeats = (ctx: Ctx): Promise<Swept> =>
  sweepRows(ctx, {
    name: 'raffle with tickets as prizes',
    page: (limit) =>
      ctx.db
        .select({ id: prizeSeats.raffleId })
        .from(prizeSeats)
        .where(lte(prizeSeats.dueAt, ctx.now))
        .groupBy(prizeSeats.raffleId)
        .orderBy(asc(sql`min(${prizeSeats.dueAt})`))
        .limit(limit),
    one: async ({ id }) => {
      const issuing = await ctx.db
        .select({ winnerId: prizeSeats.winnerId })
        .from(prizeSeats)
        .where(and(eq(prizeSeats.raffleId, id), eq(prizeSeats.state, 'issuing')))
      await doEach([
        ...issuing.map(
          ({ winnerId }) =>
            () =>
              issueSeat(ctx, winnerId!),
        ),
        () => settleSeats(ctx, id),
      ])
    },
  })
