/** Headers that every answer carries, and which other origins may read it. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from './context.ts'

/**
 * What means something for an API's answers. Each header costs a call into the platform on the hot path, so what only
 * guards documents is left to pages.
 */
export const securityHeaders = secureHeaders({
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  removePoweredBy: false,
})

const allowListed: MiddlewareHandler<AppEnv> = cors({
  origin: (origin, c) => (c.get('ctx').settings.CORS_ORIGINS.includes(origin) ? origin : null),
  allowHeaders: ['authorization', 'content-type', 'idempotency-key'],
  exposeHeaders: ['location', 'retry-after', 'x-request-id'],
  maxAge: 86_400,
})

/** Other origins are let in where a setting names them; where it names none there is nothing to say to anybody. */
export const crossOrigin: MiddlewareHandler<AppEnv> = async function crossOrigin(c, next) {
  return c.get('ctx').settings.CORS_ORIGINS.length === 0 ? next() : allowListed(c, next)
}
