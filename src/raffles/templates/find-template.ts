/** Reads raffle templates, which need `raffles:write` in the organisation. */
import { eq } from 'drizzle-orm'
import { requirePermission } from '../../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../../accounts/schema.ts'
import type { Ctx } from '../../core/context.ts'
import { notFound } from '../../core/errors.ts'
import { raffleTemplates, type TemplateRow } from '../schema.ts'

export interface FoundTemplate {
  template: TemplateRow
  organisation: OrganisationRow
}

export const selectTemplates = (ctx: Ctx) =>
  ctx.db
    .select({ template: raffleTemplates, organisation: organisations })
    .from(raffleTemplates)
    .innerJoin(organisations, eq(organisations.id, raffleTemplates.organisationId))

/** Throws `not_found` for non-members and `forbidden` for members without the permission. */
export async function findTemplate(ctx: Ctx, id: string): Promise<FoundTemplate> {
  const found = await selectTemplates(ctx).where(eq(raffleTemplates.id, id)).get()
  if (found === undefined) throw notFound('raffle template')
  await requirePermission(ctx, found.organisation.id, 'raffles:write', 'raffle template')
  return found
}
