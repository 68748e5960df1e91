/** Lists the user's organisations, or all organisations for an admin, oldest first. */
import { and, asc, eq, gt, inArray, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import type { ListOrganisations, Organisation } from './contract.ts'
import { requireLiveUser } from './permissions.ts'
import { presentOrganisation } from './present.ts'
import { members, organisations } from './schema.ts'

const Key = z.tuple([z.string()])

export async function listOrganisations(
  ctx: Ctx,
  { limit, cursor, q }: ListOrganisations,
): Promise<PageOf<Organisation>> {
  const { userId, isAdmin } = await requireLiveUser(ctx)
  const after = readCursor(cursor, Key)
  const mine = ctx.db.select({ id: members.organisationId }).from(members).where(eq(members.userId, userId))
  const rows = await ctx.db
    .select()
    .from(organisations)
    .where(
      and(
        isAdmin ? undefined : inArray(organisations.id, mine),
        q === undefined
          ? undefined
          : containsWords(sql`coalesce(${organisations.folded}, lower(${organisations.name}))`, q),
        after && gt(organisations.id, after[0]),
      ),
    )
    .orderBy(asc(organisations.id))
    .limit(limit + 1)
  return toPage(rows, limit, (row) => [row.id], presentOrganisation)
}
