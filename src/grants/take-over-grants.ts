/** Grants to an address become its owner's, once the owner has registered and verified it. */
import { and, eq, isNotNull } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { finishGrant } from './finish-grant.ts'
import { grants } from './schema.ts'

/** The number finished while the user waits for the answer; the sweep finishes the rest. */
const MAX_AT_ONCE = 20

/** Called when a user has verified an address. After a crash before this call, the sweep finds the grants itself. */
export async function takeOverGrants(ctx: Ctx, userId: string): Promise<void> {
  const user = await ctx.db
    .select({ email: users.email })
    .from(users)
    .where(and(eq(users.id, userId), isNotNull(users.emailVerifiedAt)))
    .get()
  if (user === undefined) return
  const waiting = and(eq(grants.email, user.email), eq(grants.status, 'waiting'))
  await withRetry(() => ctx.db.update(grants).set({ dueAt: ctx.now }).where(waiting))
  const rows = await ctx.db
    .select({ raffleId: grants.raffleId, orderRef: grants.orderRef })
    .from(grants)
    .where(waiting)
    .orderBy(grants.createdAt)
    .limit(MAX_AT_ONCE)
  for (const key of rows) {
    try {
      await finishGrant(ctx, key)
    } catch (error) {
      ctx.log.error('grant not taken over yet', { raffleId: key.raffleId, error })
    }
  }
}
