/** The headers of every response: security, caching, CORS. */
import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { secureHeaders } from 'hono/secure-headers'
import { BOOKMARK_HEADER } from './bookmark.ts'
import type { AppEnv } from './context.ts'

/**
 * Only headers that matter for JSON. Each header costs a call into the platform on the hot path, so pages set the headers
 * that protect documents themselves. For static files `src/web/assets/_headers` has the same values, and more.
 */
export const securityHeaders = secureHeaders({
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xDnsPrefetchControl: false,
  xDownloadOptions: false,
  xPermittedCrossDomainPolicies: false,
  xXssProtection: false,
  removePoweredBy: false,
  xFrameOptions: 'DENY',
  strictTransportSecurity: 'max-age=31536000; includeSubDomains',
})

/**
 * A response is private, unless its route is public and says how long caches may keep it. A response to a request with a
 * token is always private. So is an error, because it may quote personal data, and one that names the reader's position.
 */
export const privateByDefault: MiddlewareHandler<AppEnv> = async function privateByDefault(c, next) {
  await next()
  const { headers, status } = c.res
  const isOwn = () =>
    c.req.header('authorization') !== undefined || c.req.header(BOOKMARK_HEADER) !== undefined
  if (status >= 400 || !headers.has('cache-control') || isOwn()) {
    headers.set('cache-control', 'no-store')
  }
}

const allowListed: MiddlewareHandler<AppEnv> = cors({
  origin: (origin, c) => (c.get('ctx').settings.CORS_ORIGINS.includes(origin) ? origin : null),
  allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'if-none-match', BOOKMARK_HEADER],
  exposeHeaders: ['etag', 'location', 'ratelimit-policy', 'retry-after', 'x-request-id', BOOKMARK_HEADER],
  maxAge: 86_400,
})

/** Allows the origins that `CORS_ORIGINS` names. If it names none, the hot path skips CORS. */
export const crossOrigin: MiddlewareHandler<AppEnv> = async function crossOrigin(c, next) {
  return c.get('ctx').settings.CORS_ORIGINS.length === 0 ? next() : allowListed(c, next)
}
