/** Ends the session of the access token, with every refresh token of its family. Idempotent. */
import { and, eq, isNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { requireUser } from './permissions.ts'
import { revokedTokens } from './revocations.ts'
import { sessions } from './schema.ts'

export async function logOut(ctx: Ctx): Promise<void> {
  const { userId, sessionId } = requireUser(ctx)
  await withRetry(() =>
    ctx.db
      .update(sessions)
      .set({ revokedAt: ctx.now })
      .where(and(eq(sessions.id, sessionId), eq(sessions.userId, userId), isNull(sessions.revokedAt))),
  )
  revokedTokens.expire()
}
