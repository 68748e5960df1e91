/** Popular public reads: kept for a second, here and by caches outside. `core/headers.ts` overrules it for a token. */
import type { Context, MiddlewareHandler, Next } from 'hono'
import { BOOKMARK_HEADER, readBookmark } from './bookmark.ts'
import type { AppEnv } from './context.ts'
import { nativeCrypto } from './native-crypto.ts'
import { type Answer, SharedAnswers } from './shared-answers.ts'

/** What is kept in this isolate. */
export const kept = new SharedAnswers()

/**
 * For reads that are the same for everyone who is not signed in: a crowd costs about two reads a second for each isolate.
 * It comes after the validators, because the key is what they let through: the order of parameters makes no new key, and
 * unknown ones are refused. A request with a token or a cookie always reads. One with a bookmark reads too, unless what is
 * kept is new enough. Only successes are kept, because an error names its request, and a new raffle must not stay missing.
 * Decision 20 says why.
 */
export const cachedForASecond: MiddlewareHandler<AppEnv> = async function cachedForASecond(c, next) {
  const { now, settings, position } = c.get('ctx')
  if (c.req.header('authorization') !== undefined || c.req.header('cookie') !== undefined) {
    await next()
    setCaching(c)
    return
  }
  const key = c.req.path + JSON.stringify(c.req.valid('query' as never) ?? null)
  position.readNearest()
  c.set('keptAs', key)
  const bookmark = c.req.header(BOOKMARK_HEADER)
  if (bookmark !== undefined) return answerBookmarked(c, next, key, readBookmark(settings, bookmark).d1)
  const claim = kept.claim(key, now, settings.SHARE_READS_MS)
  const shared =
    claim.kind === 'kept'
      ? claim.answer
      : claim.kind === 'wait'
        ? await inTime(claim.answer, settings.SHARE_READS_MS / 2)
        : null
  if (shared !== null) {
    respond(c, shared)
    return
  }
  let read: Answer | null = null
  try {
    await next()
    read = await answerOf(c.res, position.seen)
  } finally {
    if (claim.kind === 'read') claim.finish(read)
    else if (read !== null) kept.keep(key, read, now, settings.SHARE_READS_MS)
  }
  if (read !== null) respond(c, read)
}

/** What the reader's bookmark names must be in the answer. The crowd may have it too, because it is public. */
async function answerBookmarked(
  c: Context<AppEnv>,
  next: Next,
  key: string,
  atLeast: string | null,
): Promise<void> {
  const { now, settings, position } = c.get('ctx')
  let answer = atLeast === null ? null : kept.find(key, now, settings.SHARE_READS_MS, atLeast)
  if (answer === null) {
    await next()
    answer = await answerOf(c.res, position.seen)
    if (answer === null) return
    kept.keep(key, answer, now, settings.SHARE_READS_MS)
  }
  respond(c, answer)
}

/**
 * Race: the request that reads may end before its read does, when its client leaves; then nobody wakes the others. So
 * each waits with a timer of its own. The platform needs the timer too: it ends a request that has no work of its own.
 */
async function inTime(answer: Promise<Answer | null>, mostMs: number): Promise<Answer | null> {
  const { promise: tooLate, resolve } = Promise.withResolvers<null>()
  const timer = setTimeout(() => resolve(null), mostMs)
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Null unless it is a success. */
async function answerOf(response: Response, seen: string | null): Promise<Answer | null> {
  if (response.status !== 200) return null
  const body = new Uint8Array(await response.arrayBuffer())
  const hash = nativeCrypto.sha256Stream()
  hash.update(body)
  // Weak, because a proxy may compress the bytes.
  const etag = `W/"${Buffer.from(hash.digest().subarray(0, 16)).toString('base64url')}"`
  return { body, etag, contentType: response.headers.get('content-type') ?? 'application/json', seen }
}

function respond(c: Context<AppEnv>, { body, etag, contentType }: Answer): void {
  if (isMatch(c.req.header('if-none-match'), etag)) {
    c.res = c.body(null, 304, { etag })
    c.res.headers.delete('content-type')
  } else {
    c.res = c.body(body, 200, { etag, 'content-type': contentType })
  }
  setCaching(c)
}

/** RFC 9110 §13.1.2: the weak comparison, or `*`. */
export function isMatch(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map(opaque) ?? []
  return known.includes('*') || known.includes(opaque(etag))
}

const VARY = `authorization, ${BOOKMARK_HEADER}`

const opaque = (etag: string): string => etag.trim().replace(/^W\//, '')

function setCaching({ res: { headers } }: Context<AppEnv>): void {
  headers.set('cache-control', 'public, max-age=1')
  // A cache outside must not answer a member from what it keeps for the public, nor who has just written.
  headers.append('vary', VARY)
}
