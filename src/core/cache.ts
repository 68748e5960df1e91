/** How long caches may keep a public response. `core/headers.ts` overrules it for a request with a token, and for an error. */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/** For popular reads that are the same for everyone: one second, so that a crowd costs one read. */
export const cachedForASecond: MiddlewareHandler<AppEnv> = async function cachedForASecond(c, next) {
  await next()
  c.res.headers.set('cache-control', 'public, max-age=1')
}
