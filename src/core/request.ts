/** The first middleware of every request: makes its context, and logs one line when it is done. */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { type AppEnv, createContext, requestIdOf } from './context.ts'
import { Problem } from './errors.ts'
import { settingsOf } from './settings.ts'

/** With invalid settings, refuses every request with a problem that names those settings. */
export const requestContext: MiddlewareHandler<AppEnv> = async function requestContext(c, next) {
  const result = settingsOf(c.env)
  if (!result.ok) throw new Problem('unavailable', `Not configured. ${result.problems.join('. ')}.`)
  const ctx = createContext(c.env, result.settings, Date.now(), requestIdOf(c.req.raw.headers))
  c.set('ctx', ctx)
  c.header('x-request-id', ctx.requestId)
  await next()
  ctx.log.info('request', {
    method: c.req.method,
    route: routePath(c, -1),
    status: c.res.status,
    durationMs: Date.now() - ctx.now,
    actorId: ctx.actor?.userId ?? null,
  })
}
