/**
 * The access token of Daraja, kept in the isolate until shortly before it expires. Requests that need one together share
 * one call. They wait with a time limit of their own, because the request that makes the call may end first.
 */
import * as z from 'zod'
import type { Ctx } from '../../../core/context.ts'
import { SECOND_MS } from '../../../core/time.ts'
import type { Keys } from './keys.ts'

const EARLY_MS = 60 * SECOND_MS
const WAIT_MS = 2 * SECOND_MS
const TIMEOUT_MS = 10 * SECOND_MS

const Token = z.object({ access_token: z.string().min(1), expires_in: z.coerce.number().positive() })

/** No token was given, so nothing was requested. */
export class NoToken extends Error {
  override name = 'NoToken'
}

interface Kept {
  token: string
  /** It is used from its issue until then. */
  from: number
  until: number
}

const kept = new Map<string, Kept>()
const waiting = new Map<string, ((token: string | null) => void)[]>()

/** One deployment has one set of keys, and another set after a change of its settings. */
const MOST_KEPT = 4

const nameOf = ({ url, consumerKey, consumerSecret }: Keys): string =>
  [url, consumerKey, consumerSecret].join('\n')

export async function tokenFor(ctx: Ctx, keys: Keys): Promise<string> {
  const name = nameOf(keys)
  const known = kept.get(name)
  if (known !== undefined && known.from <= ctx.now && ctx.now < known.until) return known.token
  const others = waiting.get(name)
  if (others !== undefined) {
    const shared = await waitIn(others)
    if (shared !== null) return shared
  }
  return fetchToken(ctx, keys, name)
}

/** Daraja does not accept this token any longer. */
export function dropToken(keys: Keys, token: string): void {
  const name = nameOf(keys)
  if (kept.get(name)?.token === token) kept.delete(name)
}

/** Null: the call that others make failed or takes too long. */
async function waitIn(others: ((token: string | null) => void)[]): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>()
  others.push(resolve)
  const timer = setTimeout(() => resolve(null), WAIT_MS)
  try {
    return await promise
  } finally {
    clearTimeout(timer)
  }
}

async function fetchToken(ctx: Ctx, keys: Keys, name: string): Promise<string> {
  const mine: ((token: string | null) => void)[] = []
  waiting.set(name, mine)
  let token: string | null = null
  try {
    token = await requestToken(ctx, keys, name)
    return token
  } finally {
    if (waiting.get(name) === mine) waiting.delete(name)
    for (const resolve of mine) resolve(token)
  }
}

async function requestToken(ctx: Ctx, keys: Keys, name: string): Promise<string> {
  const { url, consumerKey, consumerSecret } = keys
  try {
    const answer = await fetch(`${url}/oauth/v1/generate?grant_type=client_credentials`, {
      headers: { authorization: `Basic ${btoa(`${consumerKey}:${consumerSecret}`)}` },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    if (!answer.ok) throw new NoToken(`Daraja gave no token (${answer.status})`)
    const { access_token: token, expires_in: seconds } = Token.parse(await answer.json())
    if (kept.size >= MOST_KEPT) kept.clear()
    kept.set(name, { token, from: ctx.now, until: ctx.now + seconds * SECOND_MS - EARLY_MS })
    return token
  } catch (error) {
    throw error instanceof NoToken ? error : new NoToken('Daraja gave no token', { cause: error })
  }
}
