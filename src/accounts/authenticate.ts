/** Middleware that reads the Authorization header. Without a valid header, the request has no user. */
import type { MiddlewareHandler } from 'hono'
import type { Actor, AppEnv, Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { readApiKey } from './api-key.ts'
import { type InBackground, revokedTokens } from './revocations.ts'
import { verifyAccessToken } from './token.ts'

/** RFC 6750 §2.1; the scheme's case does not matter (RFC 9110 §11.1). */
const BEARER = /^Bearer +([^\s]+)$/i

/**
 * A bad token is not refused here: a client with a stale token must still be able to refresh it. Routes that need a user
 * throw `badToken`.
 */
export const authenticate: MiddlewareHandler<AppEnv> = async function authenticate(c, next) {
  const header = c.req.header('authorization')
  if (header !== undefined) {
    const ctx = c.get('ctx')
    try {
      const token = BEARER.exec(header)?.[1]
      if (token === undefined) {
        throw new Problem('unauthenticated', 'Send the access token as `Authorization: Bearer …`.')
      }
      ctx.apiKey = readApiKey(token)
      if (ctx.apiKey === null) ctx.actor = await actorOf(ctx, token, (work) => c.executionCtx.waitUntil(work))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      ctx.badToken = error
    }
  }
  await next()
}

async function actorOf(ctx: Ctx, token: string, inBackground: InBackground): Promise<Actor> {
  const { revision, ...facts } = await verifyAccessToken(token, {
    secret: ctx.settings.JWT_SECRET,
    now: ctx.now,
  })
  await revokedTokens.refresh(ctx, inBackground)
  if (revokedTokens.isSignedOut(facts)) {
    throw new Problem('unauthenticated', 'You are signed out. Sign in again.')
  }
  if (revokedTokens.isOutdated(facts, revision)) {
    throw new Problem('unauthenticated', 'Your account has changed. Refresh the access token.')
  }
  return { ...facts, isChecked: revokedTokens.isFresh(ctx.now) }
}
