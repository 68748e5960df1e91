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
import { settingsOf } from './settings.ts'

interface Door {
  /** The key of its answer in what is kept. */
  key: string
  route: string
  /** Complete but for the request's id: a response copies them, which takes less than making them. */
  headers: Headers
  /** How many requests were answered here since the app answered one. */
  answered: number
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
  const { SHARE_READS_MS } = result.settings
  const answer = kept.fresh(door.key, Date.now(), SHARE_READS_MS)
  if (answer === null) return null
  const { etag, body } = answer
  const { headers } = door
  headers.set('etag', etag)
  headers.set('x-request-id', requestIdOf(request.headers))
  door.answered++
  if (!isMatch(request.headers.get('if-none-match') ?? undefined, etag))
    return new Response(body, { headers })
  const known = new Response(null, { status: 304, headers })
  known.headers.delete('content-type')
  return known
}

/**
 * Opens the door for an address whose answer is kept. It is the outermost middleware, so that it sees every header. The
 * requests that the door answered are logged together, by the next one that the app answers: a line for each would take
 * a quarter of their time.
 */
export const openDoor: MiddlewareHandler<AppEnv> = async function openDoor(c, next) {
  await next()
  const key = c.get('keptAs')
  const { url } = c.req
  if (key === undefined || c.res.status !== 200 || url.length > MAX_ADDRESS || !isOfCrowd(c.req.raw)) return
  const present = doors.get(url)
  if (present !== undefined && present.answered > 0) {
    c.get('ctx').log.info('crowd', { route: present.route, answered: present.answered })
    present.answered = 0
  }
  if (present?.key === key) return
  if (doors.size >= MAX_DOORS) doors.delete(doors.keys().next().value!)
  const headers = new Headers([...c.res.headers].filter(([name]) => !OWN.has(name)))
  doors.set(url, { key, route: routePath(c, -1), headers, answered: 0 })
}
