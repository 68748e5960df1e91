/** How long a public answer may be shown again by caches in front of the worker. */
import type { MiddlewareHandler } from 'hono'
import type { AppEnv } from './context.ts'

/** For what everybody sees alike and looks at often: a second, so that a crowd is one reader. Never for a signed-in one. */
export const cachedForASecond: MiddlewareHandler<AppEnv> = async function cachedForASecond(c, next) {
  await next()
  if (c.res.ok && c.req.header('authorization') === undefined) c.header('cache-control', 'public, max-age=1')
}
