/** Sets a new password by the token of a mail, which then counts no more, and ends every session of the user. */
import { and, eq, exists, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { invalid } from '../core/errors.ts'
import type { ResetPassword } from './contract.ts'
import { isLive, useUpTokens } from './email-token.ts'
import { hashPassword, refuseObviousPassword } from './password.ts'
import { emailTokens, sessions, users } from './schema.ts'

export async function resetPassword(ctx: Ctx, { token, password }: ResetPassword): Promise<void> {
  const live = isLive(ctx, 'reset', token)
  const user = await ctx.db
    .select({ id: users.id, email: users.email })
    .from(emailTokens)
    .innerJoin(users, eq(users.id, emailTokens.userId))
    .where(and(live, eq(users.status, 'active')))
    .get()
  if (user === undefined) throw notValid()
  refuseObviousPassword('password', password, user.email)
  const passwordHash = await hashPassword(password)

  // Two may use one token at once: the first uses it up, and only whose password it became does the rest.
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
  const useUp = useUpTokens(ctx, 'reset', user.id, sql`${ifOurs}`)
  const read = ctx.db.select({ id: users.id }).from(users).where(isOurs)
  const [, , , changed] = await withRetry(() => ctx.db.batch([change, endSessions, useUp, read]))
  if (changed.length === 0) throw notValid()
}

const notValid = () => invalid('token', 'is not valid, or not any more')
