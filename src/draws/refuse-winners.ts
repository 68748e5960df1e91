/** Refuses a membership to somebody who still has a prize to get from the organisation. */
import { and, asc, eq, inArray } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { raffles } from '../raffles/schema.ts'
import { winners } from './schema.ts'

/**
 * Called before a user accepts an invitation. A former member cannot claim prizes of the organisation (`refuse-staff.ts`).
 * Without this check, a member could invite an honest winner, remove the winner again, and so take the prize away.
 */
export async function refuseWinners(ctx: Ctx, userId: string, organisationId: string): Promise<void> {
  const prize = await ctx.db
    .select({ title: raffles.title })
    .from(winners)
    .innerJoin(raffles, eq(raffles.id, winners.raffleId))
    .where(
      and(
        eq(winners.userId, userId),
        inArray(winners.status, ['announced', 'claimed']),
        eq(raffles.organisationId, organisationId),
        eq(raffles.staffMayEnter, false),
      ),
    )
    .orderBy(asc(winners.id))
    .get()
  if (prize === undefined) return
  throw new Problem(
    'invalid_state',
    `You have won a prize of “${prize.title}”, and members of this organisation cannot claim it: join once you have got it.`,
  )
}
