/** Lists the members of an organisation, in the order of their ids. */
import { and, asc, eq, gt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { toInstant } from '../core/time.ts'
import { type Member, MemberRole } from './contract.ts'
import { requirePermission } from './permissions.ts'
import { members, users } from './schema.ts'

const Key = z.tuple([z.string()])

export async function listMembers(
  ctx: Ctx,
  organisationId: string,
  { limit, cursor }: PageQuery,
): Promise<PageOf<Member>> {
  await requirePermission(ctx, organisationId, 'members:manage')
  const after = readCursor(cursor, Key)
  const rows = await ctx.db
    .select({
      userId: members.userId,
      name: users.name,
      email: users.email,
      role: members.role,
      createdAt: members.createdAt,
    })
    .from(members)
    .innerJoin(users, eq(users.id, members.userId))
    .where(and(eq(members.organisationId, organisationId), after && gt(members.userId, after[0])))
    .orderBy(asc(members.userId))
    .limit(limit + 1)
  return toPage(
    rows,
    limit,
    (row) => [row.userId],
    (row) => ({ ...row, role: MemberRole.parse(row.role), createdAt: toInstant(row.createdAt) }),
  )
}
