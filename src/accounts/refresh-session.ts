/**
 * Exchanges a refresh token for a new pair. A repeat within half a minute gets the same refresh token; a later one means
 * that two clients have it, so the session ends.
 */
import { and, eq, exists, gt, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { SECOND_MS } from '../core/time.ts'
import type { Tokens } from './contract.ts'
import { sessionEnd, tokensOf } from './open-session.ts'
import { type RefreshToken, readRefreshToken, successorOf } from './refresh-token.ts'
import { revokedTokens } from './revocations.ts'
import { sessions, users } from './schema.ts'
import { selectTokenFacts } from './token-facts.ts'

/** How long a used token may be repeated, while its successor is unused: an answer was lost, or two tabs refreshed at once. */
const REPEAT_MS = 30 * SECOND_MS

/** A token that was used before, outside these terms, looks stolen: the whole family ends (RFC 9700 §4.14.2). */
export async function refreshSession(ctx: Ctx, refreshToken: string): Promise<Tokens> {
  const used = readRefreshToken(refreshToken)
  if (used === undefined) throw notAccepted()
  const next = successorOf(ctx.settings, used)
  const facts = await rotate(ctx, used, next)
  if (facts === undefined) {
    await endFamily(ctx, used)
    throw notAccepted()
  }
  return tokensOf(ctx, facts, next.text)
}

/**
 * Race: several requests may send one token at the same time. The UPDATE names the hash that it replaces, so only one finds
 * it. The others find the successor that it stored, as does a retry after a lost response. None of them moves
 * `refreshedAt`, so repeats cannot prolong the time for repeats.
 */
async function rotate(ctx: Ctx, used: RefreshToken, next: RefreshToken) {
  const owner = ctx.db
    .select({ id: users.id })
    .from(users)
    .where(and(eq(users.id, sessions.userId), eq(users.status, 'active')))
  const isAt = ({ refreshHash }: RefreshToken) =>
    and(
      eq(sessions.familyHash, used.familyHash),
      eq(sessions.refreshHash, refreshHash),
      isNull(sessions.revokedAt),
      gt(sessions.expiresAt, ctx.now),
      exists(owner),
    )
  const update = ctx.db
    .update(sessions)
    .set({ refreshHash: next.refreshHash, refreshedAt: ctx.now, expiresAt: sessionEnd(ctx) })
    .where(isAt(used))
  const isRotated = and(isAt(next), gt(sessions.refreshedAt, ctx.now - REPEAT_MS))!
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
