/** Reads raffles with their organisation and the projected row of their pool. */
import { eq } from 'drizzle-orm'
import { type Permission, requirePermission } from '../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { pools } from '../tickets/schema.ts'
import { type RaffleRow, raffles } from './schema.ts'

export type PoolRow = typeof pools.$inferSelect

export interface FoundRaffle {
  raffle: RaffleRow
  organisation: OrganisationRow
  /** Null before publication. */
  pool: PoolRow | null
}

/** Raffles, each with its organisation and pool; the caller adds the conditions. */
export const selectRaffles = (ctx: Ctx) =>
  ctx.db
    .select({ raffle: raffles, organisation: organisations, pool: pools })
    .from(raffles)
    .innerJoin(organisations, eq(organisations.id, raffles.organisationId))
    .leftJoin(pools, eq(pools.pool, raffles.pool))

export async function findRaffle(ctx: Ctx, id: string): Promise<FoundRaffle> {
  const found = await selectRaffles(ctx).where(eq(raffles.id, id)).get()
  if (found === undefined) throw notFound('raffle')
  return found
}

/** A raffle that everybody may see; throws `not_found` for a draft. */
export async function findPublishedRaffle(ctx: Ctx, id: string): Promise<FoundRaffle & { pool: PoolRow }> {
  const { pool, ...found } = await findRaffle(ctx, id)
  if (found.raffle.status === 'draft' || pool === null) throw notFound('raffle')
  return { ...found, pool }
}

/** A raffle for members with `permission`. Throws `not_found` for non-members and `forbidden` for other members. */
export async function findRaffleFor(ctx: Ctx, id: string, permission: Permission): Promise<FoundRaffle> {
  const found = await findRaffle(ctx, id)
  await requirePermission(ctx, found.raffle.organisationId, permission, 'raffle')
  return found
}
