/** Opens a session for a user whose password was just checked, and returns its first pair of tokens. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { newId } from '../core/ids.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Tokens } from './contract.ts'
import { newRefreshToken } from './refresh-token.ts'
import { sessions, users } from './schema.ts'
import { signAccessToken, type TokenFacts } from './token.ts'
import { selectTokenFacts } from './token-facts.ts'

/**
 * Undefined if the user was suspended or changed the password since `passwordHash` was read. Both revoke all sessions,
 * and hashing takes a tenth of a second, so a session inserted afterwards would survive. The INSERT checks both again in
 * one statement: the session either exists in time to be revoked, or is never made.
 */
export async function openSession(
  ctx: Ctx,
  userId: string,
  passwordHash: string,
): Promise<Tokens | undefined> {
  const sessionId = newId('session')
  const refresh = newRefreshToken()
  const insert = ctx.db
    .insert(sessions)
    .select(
      ctx.db
        .select({
          id: sql`${sessionId}`.as('id'),
          userId: users.id,
          familyHash: sql`${refresh.familyHash}`.as('family_hash'),
          refreshHash: sql`${refresh.refreshHash}`.as('refresh_hash'),
          createdAt: sql`${ctx.now}`.as('created_at'),
          refreshedAt: sql`${ctx.now}`.as('refreshed_at'),
          expiresAt: sql`${sessionEnd(ctx)}`.as('expires_at'),
          revokedAt: sql`NULL`.as('revoked_at'),
        })
        .from(users)
        .where(and(eq(users.id, userId), eq(users.status, 'active'), eq(users.passwordHash, passwordHash))),
    )
    .onConflictDoNothing()
  const read = selectTokenFacts(ctx, eq(sessions.id, sessionId))
  const [, [facts]] = await withRetry(() => ctx.db.batch([insert, read]))
  return facts === undefined ? undefined : tokensOf(ctx, facts, refresh.text)
}

/** When a session expires unless it is refreshed, in milliseconds. */
export const sessionEnd = (ctx: Ctx): number => ctx.now + ctx.settings.REFRESH_TOKEN_SECONDS * SECOND_MS

export async function tokensOf(ctx: Ctx, facts: TokenFacts, refreshToken: string): Promise<Tokens> {
  const lifetimeSeconds = ctx.settings.ACCESS_TOKEN_SECONDS
  const terms = { secret: ctx.settings.JWT_SECRET, now: ctx.now }
  return {
    access_token: await signAccessToken(facts, terms, lifetimeSeconds),
    token_type: 'Bearer',
    expires_in: lifetimeSeconds,
    refresh_token: refreshToken,
  }
}
