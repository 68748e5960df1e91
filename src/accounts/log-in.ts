/** Logs a user in. A wrong password and an unknown address get the same response after the same work. */
import { createHash } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { countRequest } from '../core/rate-limit.ts'
import type { LogIn, Tokens } from './contract.ts'
import { openSession } from './open-session.ts'
import { checkPassword, hashPassword } from './password.ts'
import { users } from './schema.ts'

/** Each attempt also counts against its e-mail address, so that many clients together cannot guess one password. */
export async function logIn(ctx: Ctx, input: LogIn): Promise<Tokens> {
  await countRequest(
    ctx.env.RATE_SIGN_IN,
    `email:${createHash('sha256').update(input.email).digest('base64url')}`,
  )
  const user = await ctx.db
    .select({ id: users.id, status: users.status, passwordHash: users.passwordHash })
    .from(users)
    .where(eq(users.email, input.email))
    .get()
  const check = await checkPassword(input.password, user?.passwordHash)
  if (user === undefined || !check.matches) throw wrongCredentials()
  // Checked after the password, so that only the user learns of the suspension.
  if (user.status !== 'active') throw new Problem('unauthenticated', 'This account is suspended.')
  const passwordHash = check.isOutdated ? await rehash(ctx, user, input.password) : user.passwordHash
  const tokens = await openSession(ctx, user.id, passwordHash)
  if (tokens === undefined) throw wrongCredentials()
  return tokens
}

/** Stores a hash with the current parameters. The UPDATE names the old hash, so a concurrent password change wins. */
async function rehash(
  ctx: Ctx,
  user: { id: string; passwordHash: string },
  password: string,
): Promise<string> {
  const passwordHash = await hashPassword(password)
  await withRetry(() =>
    ctx.db
      .update(users)
      .set({ passwordHash })
      .where(and(eq(users.id, user.id), eq(users.passwordHash, user.passwordHash))),
  )
  return passwordHash
}

const wrongCredentials = () => new Problem('unauthenticated', 'The e-mail address or the password is wrong.')
