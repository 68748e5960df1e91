/** Sets a new password with the token from a mail, marks the token as used, and ends every session of the user. */
import { and, eq, exists, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid } from '../core/errors.ts'
import type { ResetPassword } from './contract.ts'
import { isLive, markTokensUsed } from './email-token.ts'
import type { WithNewPassword } from './new-password.ts'
import { hashPassword } from './password.ts'
import { refuseWeakPassword } from './password-strength.ts'
import { revokedTokens } from './revocations.ts'
import { emailTokens, sessions, users } from './schema.ts'

export async function resetPassword(
  ctx: Ctx,
  { token, password }: ResetPassword,
  also: WithNewPassword,
): Promise<void> {
  const live = isLive(ctx, 'reset', token)
  const user = await ctx.db
    .select({ id: users.id, email: users.email, name: users.name })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(and(live, eq(users.status, 'active')))
    .get()
  if (user === undefined) throw invalidToken()
  await refuseWeakPassword(ctx, 'password', password, user)
  const passwordHash = await hashPassword(password)

  // Two requests may use one token at once. The UPDATE requires an unused token, so only the first one changes the hash.
  // The other statements run only if this request's hash is stored, so only the winner ends sessions.
  const isOurs = and(eq(users.id, user.id), eq(users.passwordHash, passwordHash))
  const ifOurs = exists(ctx.db.select({ id: users.id }).from(users).where(isOurs))
  const change = ctx.db
    .update(users)
    .set({ passwordHash, updatedAt: ctx.now })
    .where(
      and(
        eq(users.id, user.id),
        exists(ctx.db.select({ hash: emailTokens.hash }).from(emailTokens).where(live)),
      ),
    )
  const endSessions = ctx.db
    .update(sessions)
    .set({ revokedAt: ctx.now })
    .where(and(eq(sessions.userId, user.id), isNull(sessions.revokedAt), ifOurs))
  const markUsed = markTokensUsed(ctx, 'reset', user.id, sql`${ifOurs}`)
  const read = ctx.db.select({ id: users.id }).from(users).where(isOurs)
  const [, , , changed] = await withRetry(() =>
    ctx.db.batch([change, endSessions, markUsed, read, ...also(ctx, user.id, sql`${ifOurs}`)]),
  )
  revokedTokens.expire()
  if (changed.length === 0) throw invalidToken()
}

const invalidToken = () => invalid('token', 'is invalid or has expired')
