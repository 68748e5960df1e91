/** Reads one organisation, by its id or slug, for its members and for admins. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { isSlug } from '../core/slug.ts'
import type { Organisation } from './contract.ts'
import { requireMember } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { organisations } from './schema.ts'

export async function readOrganisation(ctx: Ctx, idOrSlug: string): Promise<Organisation> {
  const { id, slug } = organisations
  const row = await ctx.db
    .select()
    .from(organisations)
    .where(eq(isSlug(idOrSlug) ? slug : id, idOrSlug))
    .get()
  if (row === undefined) throw notFound('organisation')
  await requireMember(ctx, row.id)
  return presentOrganisation(row)
}
