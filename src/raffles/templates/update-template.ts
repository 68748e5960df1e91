/** Changes a template; raffles that were started from it do not change. */
import { and, eq, sql } from 'drizzle-orm'
import { fieldsOf, insertAudit } from '../../audit/insert-audit.ts'
import { requireOwnCategory } from '../../catalog/find-product.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { requireOwnReferences } from '../own-references.ts'
import { raffleTemplates } from '../schema.ts'
import type { RaffleTemplate, UpdateTemplate } from './contract.ts'
import { requirePublishableTerms } from './create-template.ts'
import { findTemplate } from './find-template.ts'
import { presentTemplate } from './present.ts'

export async function updateTemplate(ctx: Ctx, id: string, change: UpdateTemplate): Promise<RaffleTemplate> {
  const { template } = await findTemplate(ctx, id)
  const { name, colour, ...changedTerms } = change
  const terms = { ...template.terms, ...changedTerms }
  requirePublishableTerms(ctx, terms, change.providers ?? [])
  await requireOwnCategory(ctx, change.categoryId, template.organisationId)
  await requireOwnReferences(ctx, template.organisationId, change)
  const update = ctx.db
    .update(raffleTemplates)
    .set({ name, colour, terms, revision: sql`${raffleTemplates.revision} + 1`, updatedAt: ctx.now })
    .where(and(eq(raffleTemplates.id, id), eq(raffleTemplates.revision, template.revision)))
    .returning({ id: raffleTemplates.id })
  const [written] = await ctx.db.batch([
    update,
    insertAudit(ctx, {
      action: 'template.updated',
      subject: { kind: 'raffleTemplate', id },
      organisationId: template.organisationId,
      fields: fieldsOf(change),
    }),
  ])
  if (written.length === 0) {
    throw new Problem('conflict', 'Someone else changed this template. Read it again.')
  }
  return presentTemplate(await findTemplate(ctx, id))
}
