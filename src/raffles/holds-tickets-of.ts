/** Whether somebody who is about to join an organisation holds tickets of a raffle that its members may not enter. */
import { and, asc, eq, inArray, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { pools, reservations } from '../tickets/schema.ts'
import { raffles } from './schema.ts'

/** The most titles that a message names. */
const MAX_TITLES = 5

/** The titles of such raffles that are not drawn yet, at most five. */
export async function holdsTicketsOf(ctx: Ctx, userId: string, organisationId: string): Promise<string[]> {
  const rows = await ctx.db
    .selectDistinct({ id: raffles.id, title: raffles.title })
    .from(reservations)
    .innerJoin(pools, eq(pools.pool, reservations.pool))
    .innerJoin(raffles, eq(raffles.id, pools.itemId))
    .where(
      and(
        eq(reservations.holder, userId),
        inArray(reservations.state, ['held', 'sold']),
        isNull(pools.cancellation),
        eq(raffles.organisationId, organisationId),
        eq(raffles.staffMayEnter, false),
        eq(raffles.status, 'scheduled'),
      ),
    )
    .orderBy(asc(raffles.id))
    .limit(MAX_TITLES)
  return rows.map(({ title }) => title)
}

/**
 * Called before a membership begins. D1 may be a moment behind the pool, so a ticket that is taken at the same moment can
 * be missed: `draws/refuse-staff.ts` then refuses its prize.
 */
export async function refuseHolders(ctx: Ctx, userId: string, organisationId: string): Promise<void> {
  const titles = await holdsTicketsOf(ctx, userId, organisationId)
  if (titles.length === 0) return
  const named = titles.map((title) => `“${title}”`).join(', ')
  throw new Problem(
    'invalid_state',
    `Members of this organisation cannot have tickets of ${named}: join once they are drawn.`,
  )
}
