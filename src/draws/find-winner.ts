/** Reads winners with their raffle, commitment, user, payment and the proposal that waits for a decision. */
import { and, eq } from 'drizzle-orm'
import { type Permission, requireCheckedUser, requirePermission } from '../accounts/permissions.ts'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { payouts } from '../money/schema.ts'
import { raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { disqualifications, winners } from './schema.ts'
import { isPendingFor } from './under-review.ts'

/** Winners, each with raffle, commitment, user, and the payment and the waiting proposal, if any; the caller adds the conditions. */
export const selectWinners = (ctx: Ctx) =>
  ctx.db
    .select({
      winner: winners,
      raffle: raffles,
      user: users,
      commitment: pools.commitment,
      proposal: disqualifications,
      // A paid payout never changes again.
      payout: { paidAt: payouts.updatedAt, reference: payouts.reference },
    })
    .from(winners)
    .innerJoin(raffles, eq(raffles.id, winners.raffleId))
    .innerJoin(pools, eq(pools.pool, raffles.pool))
    .innerJoin(users, eq(users.id, winners.userId))
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
