/** Exchanges a refresh token for a new pair, once. A second use means that two clients have it, so the session ends. */
import { and, eq, exists, gt, inArray, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import type { Tokens } from './contract.ts'
import { sessionEnd, tokensOf } from './open-session.ts'
import { newRefreshToken, type RefreshToken, readRefreshToken } from './refresh-token.ts'
import { revokedTokens } from './revocations.ts'
import { sessions, users } from './schema.ts'
import { selectTokenFacts } from './token-facts.ts'

/**
 * Two requests may send one token at the same time. The UPDATE names the hash that it replaces, so only one finds it.
 * The other looks like a stolen token, so the whole family ends (RFC 9700 §4.14.2).
 */
export async function refreshSession(ctx: Ctx, refreshToken: string): Promise<Tokens> {
  const used = readRefreshToken(refreshToken)
  if (used === undefined) throw notAccepted()
  const next = newRefreshToken(used)
  const facts = await rotate(ctx, used, next)
  if (facts === undefined) {
    await endFamily(ctx, used)
    throw notAccepted()
  }
  return tokensOf(ctx, facts, next.text)
}

async function rotate(ctx: Ctx, used: RefreshToken, next: RefreshToken) {
  const owner = ctx.db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, sessions.userId), eq(users.status, 'active')))
  const update = ctx.db
    .update(sessions)
    .set({ refreshHash: next.refreshHash, refreshedAt: ctx.now, expiresAt: sessionEnd(ctx) })
    .where(
      and(
        eq(sessions.familyHash, used.familyHash),
        // Also the new hash, so that a retry after a lost response finds its own write.
        inArray(sessions.refreshHash, [used.refreshHash, next.refreshHash]),
        isNull(sessions.revokedAt),
        gt(sessions.expiresAt, ctx.now),
        exists(owner),
      ),
    )
  const isRotated = and(
    eq(sessions.familyHash, used.familyHash),
    eq(sessions.refreshHash, next.refreshHash),
    isNull(sessions.revokedAt),
  )!
  const [, [facts]] = await withRetry(() => ctx.db.batch([update, selectTokenFacts(ctx, isRotated)]))
  return facts
}

async function endFamily(ctx: Ctx, used: RefreshToken): Promise<void> {
  const ended = await withRetry(() =>
    ctx.db
      .update(sessions)
      .set({ revokedAt: ctx.now })
      .where(and(eq(sessions.familyHash, used.familyHash), isNull(sessions.revokedAt)))
      .returning({ id: sessions.id, userId: sessions.userId }),
  )
  revokedTokens.expire()
  for (const { id, userId } of ended) ctx.log.warn('refresh token not accepted', { sessionId: id, userId })
}

const notAccepted = () => new Problem('unauthenticated', 'The refresh token is invalid or has expired.')
