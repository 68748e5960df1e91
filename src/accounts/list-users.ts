/** Lists all users for admins, newest first. */
import { desc, lt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import type { User } from './contract.ts'
import { requireAdmin } from './permissions.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

const Key = z.tuple([z.string()])

export async function listUsers(ctx: Ctx, { limit, cursor }: PageQuery): Promise<PageOf<User>> {
  await requireAdmin(ctx)
  const after = readCursor(cursor, Key)
  const rows = await ctx.db
    .select()
    .from(users)
    .where(after && lt(users.id, after[0]))
    .orderBy(desc(users.id))
    .limit(limit + 1)
  return toPage(rows, limit, (row) => [row.id], presentUser)
}
