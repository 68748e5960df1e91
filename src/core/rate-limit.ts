/** Rate limits through the platform's binding. It counts per location, so limits are approximate. */
import type { MiddlewareHandler } from 'hono'
import type { AppContext, AppEnv, Bindings } from './context.ts'
import { Problem } from './errors.ts'

const IPV6_GROUPS = 8

export type Limiter = {
  [Name in keyof Bindings]: Bindings[Name] extends RateLimit ? Name : never
}[keyof Bindings]

/** The period of every limit. It is also the Retry-After of a refusal. */
export const PERIOD_SECONDS = 60

/**
 * The limits that wrangler.toml sets in production: requests in a period, by the name that clients see. The platform's
 * binding does not tell them. A test keeps both equal.
 */
export const LIMITS = {
  RATE_SIGN_IN: { policy: 'sign-in', requests: 10 },
  RATE_SIGN_IN_TOTAL: { policy: 'sign-in-total', requests: 30 },
  RATE_REGISTER: { policy: 'register', requests: 5 },
  RATE_PURCHASE: { policy: 'purchase', requests: 60 },
} as const satisfies Record<Limiter, { policy: string; requests: number }>

/** The RateLimit-Policy header (draft-ietf-httpapi-ratelimit-headers §3) of some limits: `"sign-in";q=10;w=60`. */
export const policyOf = (limiters: readonly Limiter[]): string =>
  limiters.map((name) => `"${LIMITS[name].policy}";q=${LIMITS[name].requests};w=${PERIOD_SECONDS}`).join(', ')

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

/**
 * The client's network: its IPv4 address, or the first 64 bits of its IPv6 address. A subscriber has all 2⁶⁴ addresses of
 * such a network, so a limit by single address would limit nobody.
 */
export function clientNetwork(c: AppContext): string {
  const address = c.req.header('cf-connecting-ip') ?? 'unknown'
  const isIpv6 = address.includes(':') && !address.includes('.')
  return isIpv6 ? networkOfIpv6(address) : address
}

function networkOfIpv6(address: string): string {
  // `::` stands for as many zeros as are missing.
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean))
  const zeros = Array<string>(Math.max(0, IPV6_GROUPS - head.length - tail.length)).fill('0')
  const groups = [...head, ...zeros, ...tail].map((group) => Number.parseInt(group, 16).toString(16))
  return `${groups.slice(0, IPV6_GROUPS / 2).join(':')}::/64`
}

/** The user's id, for routes that require a user. */
export const actorKey = (c: AppContext): string => c.get('ctx').actor?.userId ?? clientNetwork(c)
