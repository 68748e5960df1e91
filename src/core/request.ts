/** The context of every request: its id, its settings, and one line in the log when it is done. */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { BOOKMARK_HEADER, readBookmark, writeBookmark } from './bookmark.ts'
import { type AppEnv, createContext, requestIdOf } from './context.ts'
import { countryOf } from './countries.ts'
import { Problem } from './errors.ts'
import { presentsHealthToken } from './health-token.ts'
import { Logger } from './logging.ts'
import { isLoopback } from './loopback.ts'
import { withPosition } from './position.ts'
import { settingsOf } from './settings.ts'

/** The largest body of a request. */
export const MAX_BODY_BYTES = 64 * 1024

/** All else reads the primary: it may change what it reads. */
const READS = new Set(['GET', 'HEAD'])

/**
 * With invalid settings, refuses every request. The log names those settings. The response names them only to a request
 * with the health token, because the name of a missing secret helps an attacker. Development is open to this machine only,
 * because its secrets are public.
 */
export const requestContext: MiddlewareHandler<AppEnv> = async function requestContext(c, next) {
  const { headers } = c.req.raw
  const requestId = requestIdOf(headers)
  c.set('requestId', requestId)
  c.header('x-request-id', requestId)
  const result = settingsOf(c.env)
  if (!result.ok) {
    const problems = result.problems.join('. ')
    new Logger('error', { requestId }).error('the request was refused: not configured', { problems })
    const names = presentsHealthToken(headers, result.healthToken) ? ` ${problems}.` : ''
    throw new Problem('unavailable', `Not configured.${names}`)
  }
  if (result.settings.ENVIRONMENT === 'development' && !isLoopback(c.req.url)) {
    new Logger('error', { requestId }).error('the request was refused: development answers on localhost only')
    throw new Problem(
      'unavailable',
      'Not configured. ENVIRONMENT is `development`, which answers on localhost only.',
    )
  }
  const ctx = createContext(c.env, result.settings, Date.now(), requestId)
  ctx.country = countryOf(c.req.raw, result.settings)
  c.set('ctx', ctx)
  const { position, settings } = ctx
  const isRead = READS.has(c.req.method)
  const bookmark = isRead ? headers.get(BOOKMARK_HEADER) : null
  if (bookmark !== null) position.readAtLeast(readBookmark(settings, bookmark))
  await withPosition(position, next)
  const newer = position.next(!isRead)
  if (newer !== null) c.res.headers.set(BOOKMARK_HEADER, writeBookmark(settings, newer))
  ctx.log.info('request', {
    method: c.req.method,
    route: routePath(c, -1),
    status: c.res.status,
    durationMs: Date.now() - ctx.now,
    actorId: ctx.actor?.userId ?? null,
  })
}
