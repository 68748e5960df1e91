/**
 * Finds the owner of a grant: the user that it names, or the user who has verified its address. If the raffle asks for
 * proved addresses, a named user must have verified theirs. Suspended users get nothing.
 */
import { and, eq, isNotNull, type SQLWrapper } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import type { GrantRow } from './schema.ts'

const isActive = eq(users.status, 'active')
export const isProved = isNotNull(users.emailVerifiedAt)

/** A suspended user counts as missing, so that a shop does not learn of the suspension. Takes an id or a column. */
export const isActiveUser = (userId: string | SQLWrapper) => and(eq(users.id, userId), isActive)

/** The active user who has verified this address. */
export const hasProved = (email: string | SQLWrapper) => and(eq(users.email, email), isProved, isActive)

/** Null while there is no owner. A claimed grant keeps its owner, because the pool may already have the tickets. */
export async function ownerOf(
  ctx: Ctx,
  { entrants }: Pick<RaffleRow, 'entrants'>,
  { userId, email, entries }: GrantRow,
): Promise<string | null> {
  if (entries > 0) return userId
  const isNamed = and(isActiveUser(userId ?? ''), entrants === 'proved' ? isProved : undefined)
  const isOwner = userId === null ? hasProved(email ?? '') : isNamed
  const owner = await ctx.db.select({ id: users.id }).from(users).where(isOwner).get()
  return owner?.id ?? null
}
