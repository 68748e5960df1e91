/** Reads the user's own account. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { User } from './contract.ts'
import { requireCheckedUser } from './permissions.ts'
import { presentUser } from './present.ts'
import { users } from './schema.ts'

export async function readUser(ctx: Ctx): Promise<User> {
  const { userId } = requireCheckedUser(ctx)
  const row = await ctx.db
    .select()
    .from(users)
    .where(and(eq(users.id, userId), eq(users.status, 'active')))
    .get()
  if (row === undefined) throw new Problem('unauthenticated', 'This account is not active.')
  return presentUser(row)
}
