/** Reads winners with their raffle, commitment, user, payment and the proposal that waits for a decision. */
import { and, eq } from 'drizzle-orm'
import { type Permission, requireCheckedUser, requirePermission } from '../accounts/permissions.ts'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { payouts } from '../money/schema.ts'
import { prizeSeats, raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { disqualifications, winners } from './schema.ts'
import { isSeatOfWinner, issuedTo, seatProblem } from './seat-of-winner.ts'
import { isPendingFor } from './under-review.ts'

/** Winners, each with raffle, commitment, user, and the payment, the waiting proposal and the event, if any; the caller adds the conditions. */
export const selectWinners = (ctx: Ctx) =>
  ctx.db
    .select({
      winner: winners,
      raffle: raffles,
      user: users,
      commitment: pools.commitment,
      proposal: disqualifications,
      seatProblem: seatProblem(ctx),
      isTypeHidden: ticketTypes.isHidden,
      reservationId: issuedTo(winners.id),
      // A paid payout never changes again.
      payout: { paidAt: payouts.updatedAt, reference: payouts.reference },
    })
    .from(winners)
    .innerJoin(raffles, eq(raffles.id, winners.raffleId))
    .innerJoin(pools, eq(pools.pool, raffles.pool))
    .innerJoin(users, eq(users.id, winners.userId))
    .leftJoin(prizeSeats, isSeatOfWinner)
    .leftJoin(ticketTypes, eq(ticketTypes.id, prizeSeats.ticketTypeId))
    .leftJoin(events, eq(events.id, ticketTypes.eventId))
    .leftJoin(disqualifications, isPendingFor(ctx, winners.id))
    .leftJoin(
      payouts,
      and(eq(payouts.kind, 'prize'), eq(payouts.subject, winners.id), eq(payouts.status, 'paid')),
    )

export type SelectedWinner = Awaited<ReturnType<typeof selectWinners>>[number]

/** The caller's own prize; throws `not_found` for any other. */
export async function findMyWinner(ctx: Ctx, id: string): Promise<SelectedWinner> {
  const { userId } = requireCheckedUser(ctx)
  const found = await selectWinners(ctx)
    .where(and(eq(winners.id, id), eq(winners.userId, userId)))
    .get()
  if (found === undefined) throw notFound('winner')
  return found
}

/** A winner, for members with `permission` in the raffle's organisation. */
export async function findWinnerFor(ctx: Ctx, id: string, permission: Permission): Promise<SelectedWinner> {
  const found = await selectWinners(ctx).where(eq(winners.id, id)).get()
  if (found === undefined) throw notFound('winner')
  await requirePermission(ctx, found.raffle.organisationId, permission, 'winner')
  return found
}
