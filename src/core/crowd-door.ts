/**
 * The door of a crowd: an address that is asked for again, while its answer is kept, is answered before the app begins. An
 * app's request costs routing, validation and a dozen calls into the platform, and a crowd's costs three. The first
 * reader of an address goes through the app, and leaves its headers here for the others.
 */
import type { MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import { BOOKMARK_HEADER } from './bookmark.ts'
import { isMatch, kept } from './cache.ts'
import { type AppEnv, type Bindings, requestIdOf } from './context.ts'
import { Logger } from './logging.ts'
import { settingsOf } from './settings.ts'

interface Door {
  /** The key of its answer in what is kept. */
  key: string
  route: string
  headers: [name: string, value: string][]
}

/** By full address, the oldest first. */
const doors = new Map<string, Door>()
const MAX_DOORS = 1_000
const MAX_ADDRESS = 500

/** Headers that each response has of its own. */
const OWN = new Set(['etag', 'x-request-id', 'content-length'])

/** With one of these, an answer may differ from the crowd's. */
const PERSONAL = ['authorization', 'cookie', BOOKMARK_HEADER, 'origin'] as const
const isOfCrowd = ({ method, headers }: Request): boolean =>
  method === 'GET' && PERSONAL.every((name) => headers.get(name) === null)

/** Null: the app must answer, because nothing is kept, because it must be read again, or because the request is not a crowd's. */
export function answerAtDoor(request: Request, env: Bindings): Response | null {
  const door = doors.get(request.url)
  if (door === undefined || !isOfCrowd(request)) return null
  const result = settingsOf(env)
  if (!result.ok) return null
  const { SHARE_READS_MS, LOG_LEVEL } = result.settings
  const now = Date.now()
  const answer = kept.fresh(door.key, now, SHARE_READS_MS)
  if (answer === null) return null
  const { etag, body } = answer
  const requestId = requestIdOf(request.headers)
  const isKnown = isMatch(request.headers.get('if-none-match') ?? undefined, etag)
  const status = isKnown ? 304 : 200
  const headers = [...door.headers, ['etag', etag], ['x-request-id', requestId]] as [string, string][]
  new Logger(LOG_LEVEL, { requestId }).info('request', {
    method: 'GET',
    route: door.route,
    status,
    durationMs: 0,
    actorId: null,
  })
  return isKnown
    ? new Response(null, { status, headers: headers.filter(([name]) => name !== 'content-type') })
    : new Response(body, { headers })
}

/** Opens the door for an address whose answer is kept. It is the outermost middleware, so that it sees every header. */
export const openDoor: MiddlewareHandler<AppEnv> = async function openDoor(c, next) {
  await next()
  const key = c.get('keptAs')
  const { url } = c.req
  if (key === undefined || c.res.status !== 200 || url.length > MAX_ADDRESS || !isOfCrowd(c.req.raw)) return
  const present = doors.get(url)
  if (present?.key === key) return
  if (doors.size >= MAX_DOORS) doors.delete(doors.keys().next().value!)
  doors.set(url, {
    key,
    route: routePath(c, -1),
    headers: [...c.res.headers].filter(([name]) => !OWN.has(name)),
  })
}
