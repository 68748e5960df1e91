/** Reads one organisation, for its members and for admins. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import type { Organisation } from './contract.ts'
import { requireMember } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { organisations } from './schema.ts'

export async function readOrganisation(ctx: Ctx, id: string): Promise<Organisation> {
  await requireMember(ctx, id)
  const row = await ctx.db.select().from(organisations).where(eq(organisations.id, id)).get()
  if (row === undefined) throw notFound('organisation')
  return presentOrganisation(row)
}
