/** How long caches in front of the worker may keep a public response. */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/**
 * For popular reads that are the same for everyone: one second, so that a crowd costs one read. A request with a token
 * is never cached.
 */
export const cachedForASecond: MiddlewareHandler<AppEnv> = async function cachedForASecond(c, next) {
  await next()
  if (c.res.ok && c.req.header('authorization') === undefined) c.header('cache-control', 'public, max-age=1')
}
