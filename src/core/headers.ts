/** The security headers of every response, and CORS. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import type { AppEnv } from './context.ts'

/**
 * Only headers that matter for JSON. Each header costs a call into the platform on the hot path, so pages set the headers
 * that protect documents themselves.
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

/** Allows the origins that `CORS_ORIGINS` names. If it names none, the hot path skips CORS. */
export const crossOrigin: MiddlewareHandler<AppEnv> = async function crossOrigin(c, next) {
  return c.get('ctx').settings.CORS_ORIGINS.length === 0 ? next() : allowListed(c, next)
}
