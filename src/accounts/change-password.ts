/** Changes the user's own password, ends every other session, and voids the user's reset tokens. */
import { and, eq, exists, isNull, ne, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid, Problem } from '../core/errors.ts'
import { countRequest } from '../core/rate-limit.ts'
import type { ChangePassword } from './contract.ts'
import { markTokensUsed } from './email-token.ts'
import type { WithNewPassword } from './new-password.ts'
import { checkPassword, hashPassword } from './password.ts'
import { refuseWeakPassword } from './password-strength.ts'
import { requireLiveUser } from './permissions.ts'
import { revokedTokens } from './revocations.ts'
import { sessions, users } from './schema.ts'

export async function changePassword(ctx: Ctx, input: ChangePassword, also: WithNewPassword): Promise<void> {
  const { userId, sessionId } = await requireLiveUser(ctx)
  await countRequest(ctx.env.RATE_SIGN_IN, `user:${userId}`)
  const user = await ctx.db
    .select({ email: users.email, name: users.name, passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.id, userId))
    .get()
  const { matches } = await checkPassword(input.currentPassword, user?.passwordHash)
  if (user === undefined || !matches) throw invalid('currentPassword', 'is not your password')
  await refuseWeakPassword(ctx, 'newPassword', input.newPassword, user)
  const passwordHash = await hashPassword(input.newPassword)

  const isOurs = and(eq(users.id, userId), eq(users.passwordHash, passwordHash))
  const ifOurs = exists(ctx.db.select({ id: users.id }).from(users).where(isOurs))
  // Two changes may have checked the same old password. The UPDATE names the old hash, so only the first one finds it.
  // The other statements run only if this request's hash is stored, so only the winner ends sessions.
  const change = ctx.db
    .update(users)
    .set({ passwordHash, updatedAt: ctx.now })
    .where(and(eq(users.id, userId), eq(users.passwordHash, user.passwordHash)))
  const endOthers = ctx.db
    .update(sessions)
    .set({ revokedAt: ctx.now })
    .where(and(eq(sessions.userId, userId), ne(sessions.id, sessionId), isNull(sessions.revokedAt), ifOurs))
  const voidMails = markTokensUsed(ctx, 'reset', userId, sql`${ifOurs}`)
  const read = ctx.db.select({ id: users.id }).from(users).where(isOurs)
  const [, , , changed] = await withRetry(() =>
    ctx.db.batch([change, endOthers, voidMails, read, ...also(ctx, userId, sql`${ifOurs}`)]),
  )
  revokedTokens.expire()
  if (changed.length === 0) throw new Problem('conflict', 'Another request has changed the password.')
}
