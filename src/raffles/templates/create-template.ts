/** Saves terms as a template of an organisation. */

import { organisationFor, requirePermission } from '../../accounts/permissions.ts'
import { insertAudit } from '../../audit/insert-audit.ts'
import { requireOwnCategory } from '../../catalog/find-product.ts'
import type { Ctx } from '../../core/context.ts'
import { validationFailed } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { wrongProviders } from '../../money/providers/offered.ts'
import { toTermColumns } from '../columns.ts'
import type { SavedTerms } from '../contract.ts'
import { requireOwnReferences } from '../own-references.ts'
import { whyNotTerms } from '../publishable.ts'
import { raffleTemplates } from '../schema.ts'
import type { CreateTemplate, RaffleTemplate } from './contract.ts'
import { findTemplate } from './find-template.ts'
import { presentTemplate } from './present.ts'

export async function createTemplate(ctx: Ctx, input: CreateTemplate): Promise<RaffleTemplate> {
  const { organisationId: named, name, colour, ...terms } = input
  const organisationId = await organisationFor(ctx, named)
  await requirePermission(ctx, organisationId, 'raffles:write')
  requirePublishableTerms(ctx, terms)
  await requireOwnCategory(ctx, terms.categoryId, organisationId)
  await requireOwnReferences(ctx, organisationId, terms)
  const id = newId('raffleTemplate')
  await ctx.db.batch([
    ctx.db
      .insert(raffleTemplates)
      .values({ id, organisationId, name, colour, terms, createdAt: ctx.now, updatedAt: ctx.now }),
    insertAudit(ctx, {
      action: 'template.created',
      subject: { kind: 'raffleTemplate', id },
      organisationId,
    }),
  ])
  return presentTemplate(await findTemplate(ctx, id))
}

/** Refuses terms with which no raffle could ever be published. `named`: the providers that the request names. */
export function requirePublishableTerms(ctx: Ctx, terms: SavedTerms, named = terms.providers): void {
  const errors = [...whyNotTerms(toTermColumns(terms)), ...wrongProviders(ctx.settings, named)]
  if (errors.length > 0) throw validationFailed(errors)
}
