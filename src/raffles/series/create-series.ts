/** Creates a series; the next sweep makes its first raffles. */
import { organisationFor, requirePermission } from '../../accounts/permissions.ts'
import { requireApproval } from '../../accounts/priced-sales.ts'
import { insertAudit } from '../../audit/insert-audit.ts'
import { requireOwnCategory } from '../../catalog/find-product.ts'
import type { Ctx } from '../../core/context.ts'
import { notFound, validationFailed } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { fieldErrors } from '../../core/validation.ts'
import { requireOwnReferences } from '../own-references.ts'
import { series } from '../schema.ts'
import { findTemplate } from '../templates/find-template.ts'
import { checkSeries, requireSold } from './check-series.ts'
import { type CreateSeries, type Series, SeriesTerms } from './contract.ts'
import { findSeries } from './find-series.ts'
import { presentSeries } from './present.ts'

export async function createSeries(ctx: Ctx, input: CreateSeries): Promise<Series> {
  const { organisationId: named, templateId, terms: sent = {}, ...schedule } = input
  const organisationId = await organisationFor(ctx, named)
  await requirePermission(ctx, organisationId, 'raffles:write')
  const saved = templateId === undefined ? {} : await termsOfTemplate(ctx, templateId, organisationId)
  const terms = SeriesTerms.safeParse({ ...saved, ...sent })
  if (!terms.success) {
    throw validationFailed(
      fieldErrors(terms.error).map(({ path, message }) => ({ path: `terms.${path}`, message })),
    )
  }
  const id = newId('series')
  const row = { ...schedule, id, organisationId, terms: terms.data }
  checkSeries(ctx, row)
  await requireSold(ctx, row)
  if (row.terms.ticketPrice.amount > 0) await requireApproval(ctx, organisationId)
  await requireOwnCategory(ctx, row.terms.categoryId, organisationId)
  await requireOwnReferences(ctx, organisationId, row.terms, 'terms.')
  await ctx.db.batch([
    ctx.db.insert(series).values({ ...row, dueAt: ctx.now, createdAt: ctx.now, updatedAt: ctx.now }),
    insertAudit(ctx, {
      action: 'series.created',
      subject: { kind: 'series', id },
      organisationId,
    }),
  ])
  return presentSeries(await findSeries(ctx, id))
}

async function termsOfTemplate(ctx: Ctx, id: string, organisationId: string): Promise<Partial<SeriesTerms>> {
  const { template } = await findTemplate(ctx, id)
  if (template.organisationId !== organisationId) throw notFound('raffle template')
  const { title: _, timeZone: __, ...terms } = template.terms
  return terms
}
