/** Whose entries a grant will be: the user that it names, or who has proved its address; somebody suspended gets nothing. */
import { and, eq, isNotNull, type SQLWrapper } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import type { GrantRow } from './schema.ts'

const isActive = eq(users.status, 'active')

/** To a shop, somebody suspended is not there: it learns nothing of why. Of a user, or of a grant's in a statement. */
export const isActiveUser = (userId: string | SQLWrapper) => and(eq(users.id, userId), isActive)

/** The same of an address. */
export const hasProved = (email: string | SQLWrapper) =>
  and(eq(users.email, email), isNotNull(users.emailVerifiedAt), isActive)

/** Null while there is nobody. What has been claimed stays whose it is: the pool may have been asked for it. */
export async function ownerOf(ctx: Ctx, { userId, email, entries }: GrantRow): Promise<string | null> {
  if (entries > 0) return userId
  const isOwner = userId === null ? hasProved(email ?? '') : isActiveUser(userId)
  const owner = await ctx.db.select({ id: users.id }).from(users).where(isOwner).get()
  return owner?.id ?? null
}
