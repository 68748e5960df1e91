/** Rate limits through the platform's binding. It counts per location, so limits are approximate. */
import type { MiddlewareHandler } from 'hono'
import type { AppContext, AppEnv, Bindings } from './context.ts'
import { Problem } from './errors.ts'

const PERIOD_SECONDS = 60

type Limiter = { [Name in keyof Bindings]: Bindings[Name] extends RateLimit ? Name : never }[keyof Bindings]

/** Counts a request against `limiter` under `key`. Throws `rate_limited` above the limit. */
export async function countRequest(limiter: RateLimit, key: string): Promise<void> {
  const { success } = await limiter.limit({ key })
  if (success) return
  throw new Problem('rate_limited', 'Too many requests. Wait a minute, then try again.', {
    retryAfterSeconds: PERIOD_SECONDS,
  })
}

/** The same as middleware; `keyOf` returns the key. */
export function rateLimit(limiter: Limiter, keyOf: (c: AppContext) => string): MiddlewareHandler<AppEnv> {
  return async function rateLimited(c, next) {
    await countRequest(c.env[limiter], keyOf(c))
    await next()
  }
}

/** The client's IP address, as the platform reports it. */
export const clientAddress = (c: AppContext): string => c.req.header('cf-connecting-ip') ?? 'unknown'

/** The user's id, for routes that require a user. */
export const actorKey = (c: AppContext): string => c.get('ctx').actor?.userId ?? clientAddress(c)
