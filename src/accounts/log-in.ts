/** Logs a user in. A wrong password and an unknown address get the same response after the same work. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { countRequest } from '../core/rate-limit.ts'
import type { LogIn, SignedIn } from './contract.ts'
import { newDeviceToken, readDeviceToken } from './device-token.ts'
import { fingerprintOf } from './email-token.ts'
import { openSession } from './open-session.ts'
import { checkPassword, hashPassword } from './password.ts'
import { users } from './schema.ts'

/** `network` is the client's, from `clientNetwork`. */
export async function logIn(ctx: Ctx, input: LogIn, network: string): Promise<SignedIn> {
  await countAttempt(ctx, input, network)
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
  return { ...tokens, device_token: newDeviceToken(ctx, input.email) }
}

/**
 * Counts each attempt before the password is read, because checking one takes a tenth of a second. A known device has a
 * count of its own, so nobody else can lock its owner out. From other devices, one network has ten attempts a minute on an
 * address. The totals slow one network on all addresses, and all networks together on one address.
 */
async function countAttempt(ctx: Ctx, { email, device_token }: LogIn, network: string): Promise<void> {
  const { RATE_SIGN_IN, RATE_SIGN_IN_TOTAL } = ctx.env
  const device = device_token === undefined ? undefined : readDeviceToken(ctx, device_token, email)
  if (device !== undefined) return countRequest(RATE_SIGN_IN, `device:${device}`)
  const address = fingerprintOf(ctx.settings, email)
  await countRequest(RATE_SIGN_IN_TOTAL, `network:${network}`)
  // Before the address's total, so that one network cannot use that up.
  await countRequest(RATE_SIGN_IN, `email:${address} ${network}`)
  await countRequest(RATE_SIGN_IN_TOTAL, `email:${address}`)
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
