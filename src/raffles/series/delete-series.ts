/** Deletes a series that has made no raffle; any other can only be ended. */

import { and, eq, notExists, sql } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { series, seriesOccurrences, seriesRewards, seriesSkips } from '../schema.ts'
import { findSeries, findSeriesToChange } from './find-series.ts'

export async function deleteSeries(ctx: Ctx, id: string): Promise<void> {
  const { organisationId } = (await findSeriesToChange(ctx, id)).series
  const hasMadeNone = notExists(
    ctx.db.select({ one: sql`1` }).from(seriesOccurrences).where(eq(seriesOccurrences.seriesId, id)),
  )
  const [, , deleted] = await ctx.db.batch([
    ctx.db.delete(seriesRewards).where(and(eq(seriesRewards.seriesId, id), hasMadeNone)),
    ctx.db.delete(seriesSkips).where(and(eq(seriesSkips.seriesId, id), hasMadeNone)),
    ctx.db
      .delete(series)
      .where(and(eq(series.id, id), hasMadeNone))
      .returning({ id: series.id }),
    insertAudit(ctx, { action: 'series.deleted', subject: { kind: 'series', id }, organisationId }),
  ])
  if (deleted.length > 0) return
  // If another request has deleted the series since, this throws `not_found`.
  await findSeries(ctx, id)
  throw new Problem('invalid_state', 'This series has made raffles; end it instead.')
}
