/** Requires a signed-in user who has verified the address: only then are its invitations theirs. */
import { and, eq, isNotNull } from 'drizzle-orm'
import type { Actor, Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { requireLiveUser } from '../permissions.ts'
import { users } from '../schema.ts'

export async function requireProvedAddress(ctx: Ctx): Promise<Actor & { email: string }> {
  const { isAdmin: _, ...actor } = await requireLiveUser(ctx)
  const proved = await ctx.db
    .select({ email: users.email })
    .from(users)
    .where(and(eq(users.id, actor.userId), isNotNull(users.emailVerifiedAt)))
    .get()
  if (proved !== undefined) return { ...actor, ...proved }
  throw new Problem(
    'forbidden',
    'Verify your e-mail address first: follow the link in the mail that we sent you, or that invites you.',
  )
}
