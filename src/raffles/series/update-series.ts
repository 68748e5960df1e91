/** Changes, pauses, resumes or ends a series; raffles that it has already made do not change. */
import { and, eq, sql } from 'drizzle-orm'
import { fieldsOf, insertAudit } from '../../audit/insert-audit.ts'
import { requireOwnCategory } from '../../catalog/find-product.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { pick } from '../../core/pick.ts'
import { requireOwnReferences } from '../own-references.ts'
import { series } from '../schema.ts'
import { checkSeries, requireSold } from './check-series.ts'
import { SERIES_FIELDS, type Series, type UpdateSeries } from './contract.ts'
import { findLiveSeries, findSeries } from './find-series.ts'
import { presentSeries } from './present.ts'

export async function updateSeries(ctx: Ctx, id: string, change: UpdateSeries): Promise<Series> {
  const { series: row } = await findLiveSeries(ctx, id)
  const changed = { ...row, ...change, terms: { ...row.terms, ...change.terms } }
  // A series that ends needs no day ahead.
  if (changed.status !== 'ended') {
    checkSeries(ctx, changed)
    if (change.terms !== undefined) await requireSold(ctx, changed)
  }
  await requireOwnCategory(ctx, change.terms?.categoryId, row.organisationId)
  await requireOwnReferences(ctx, row.organisationId, change.terms ?? {}, 'terms.')
  const update = ctx.db
    .update(series)
    .set({
      ...pick(changed, SERIES_FIELDS),
      dueAt: changed.status === 'active' ? ctx.now : null,
      revision: sql`${series.revision} + 1`,
      updatedAt: ctx.now,
    })
    .where(and(eq(series.id, id), eq(series.revision, row.revision)))
    .returning({ id: series.id })
  const [written] = await ctx.db.batch([
    update,
    insertAudit(ctx, {
      action: 'series.updated',
      subject: { kind: 'series', id },
      organisationId: row.organisationId,
      fields: fieldsOf(change),
    }),
  ])
  if (written.length === 0) throw new Problem('conflict', 'Someone else changed this series. Read it again.')
  return presentSeries(await findSeries(ctx, id))
}
