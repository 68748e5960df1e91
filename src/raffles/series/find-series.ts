/** Reads series. Everybody may read them; a change needs `raffles:write` in the organisation. */
import { eq } from 'drizzle-orm'
import { requirePermission } from '../../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../../accounts/schema.ts'
import type { Ctx } from '../../core/context.ts'
import { notFound, Problem } from '../../core/errors.ts'
import { type SeriesRow, series } from '../schema.ts'

export interface FoundSeries {
  series: SeriesRow
  organisation: OrganisationRow
}

export const selectSeries = (ctx: Ctx) =>
  ctx.db
    .select({ series, organisation: organisations })
    .from(series)
    .innerJoin(organisations, eq(organisations.id, series.organisationId))

export async function findSeries(ctx: Ctx, id: string): Promise<FoundSeries> {
  const found = await selectSeries(ctx).where(eq(series.id, id)).get()
  if (found === undefined) throw notFound('series')
  return found
}

/** A series that the caller may change. Throws `not_found` for non-members and `forbidden` for members without the permission. */
export async function findSeriesToChange(ctx: Ctx, id: string): Promise<FoundSeries> {
  const found = await findSeries(ctx, id)
  await requirePermission(ctx, found.organisation.id, 'raffles:write', 'series')
  return found
}

/** A series that the caller may change and that has not ended. */
export async function findLiveSeries(ctx: Ctx, id: string): Promise<FoundSeries> {
  const found = await findSeriesToChange(ctx, id)
  if (found.series.status === 'ended') throw new Problem('invalid_state', 'This series has ended.')
  return found
}
