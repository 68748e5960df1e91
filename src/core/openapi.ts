/**
 * Says for each route what it takes, who may call it and what it answers. `scripts/api-document/` makes the OpenAPI document
 * from that, and the tests hold every answer against it.
 */
import type { MiddlewareHandler } from 'hono'
import type * as z from 'zod'
import type { AppEnv } from './context.ts'
import { ERROR_CODES, type ErrorCode, Problem } from './errors.ts'
import { refuseUnknownParameters } from './query.ts'
import { type Limiter, policyOf } from './rate-limit.ts'

/** Every route can return these errors, so no route lists them. */
const ALWAYS: readonly ErrorCode[] = ['internal', 'unavailable']

/** The errors of every route that reads a body. */
export const BODY_ERRORS: readonly ErrorCode[] = [
  'malformed_request',
  'payload_too_large',
  'unsupported_media_type',
]

/** The errors of every list: a malformed cursor. */
export const PAGE_ERRORS: readonly ErrorCode[] = ['malformed_request']

/** A JSON error in the format of another standard instead of a problem document. */
export interface ForeignAnswer {
  status: 400
  schema: z.ZodType
  example: unknown
  description: string
}

export interface RouteDescription {
  /** The operation's name for clients, a verb and what it acts on: `publishRaffle`. No other route has it. */
  operation: string
  summary: string
  description?: string
  tag: string
  /** `none`: public; `user`: a bearer token; `optional`: a token shows more; `key`: an organisation's API key. */
  auth: 'none' | 'user' | 'optional' | 'key' | 'user-or-key'
  /** The successful response: its status, its schema (omitted if it has no JSON body) and an example. */
  success: {
    status: 200 | 201 | 204
    schema?: z.ZodType
    example?: unknown
    description: string
    /** A media type other than JSON, such as `text/csv`. */
    media?: string
  }
  errors?: readonly ErrorCode[]
  foreign?: ForeignAnswer
  /** Whether the route requires an Idempotency-Key. */
  idempotent?: boolean
  /** The rate limits that a request counts against. */
  limits?: readonly Limiter[]
  /** Its answers must be alike, whatever they did: they must not even tell how much was written. */
  isDiscreet?: boolean
  /** The sender may add parameters of its own to the address, as providers do to that of a webhook. */
  anyParameters?: boolean
}

/** Each route's description by its handler. */
const declared = new WeakMap<object, RouteDescription>()
export const descriptionOf = (handler: object): RouteDescription | undefined => declared.get(handler)

/** The summaries of the routes that take an API key. */
const summariesForKeys: string[] = []

const whatKeysMayDo = (): string =>
  summariesForKeys.map((summary) => summary[0]!.toLowerCase() + summary.slice(1)).join('; ')

export const notForKeys = (): Problem =>
  new Problem('forbidden', `An API key may not do this: sign in. A key may only ${whatKeysMayDo()}.`)

/**
 * Middleware that describes its route and enforces `auth`. It refuses a request without a required user or key, and one
 * with a parameter that the route does not know, before the body is read. It also names the limits of its route: only in
 * production, because elsewhere they are never reached.
 */
export function describe(description: RouteDescription) {
  const policy = description.limits === undefined ? null : policyOf(description.limits)
  const admit: MiddlewareHandler<AppEnv> = async (c, next) => {
    const { actor, apiKey, badToken, settings, position } = c.get('ctx')
    if (description.isDiscreet) position.keepSecret()
    if (policy !== null && settings.ENVIRONMENT === 'production') c.header('ratelimit-policy', policy)
    const { auth } = description
    if (auth !== 'none' && badToken !== null) throw badToken
    if (auth === 'key' && apiKey === null) {
      const how = 'Send an API key as `Authorization: Bearer tk_…`.'
      throw actor === null
        ? new Problem('unauthenticated', how)
        : new Problem('forbidden', `Only an API key of the organisation may do this. ${how}`)
    }
    if (auth === 'user' && apiKey !== null) {
      throw notForKeys()
    }
    if (auth.startsWith('user') && actor === null && apiKey === null) {
      throw new Problem('unauthenticated', 'Sign in to do this.')
    }
    if (!description.anyParameters) refuseUnknownParameters(c)
    await next()
  }
  declared.set(admit, description)
  if (description.auth.endsWith('key')) summariesForKeys.push(description.summary)
  return admit
}

/** Every error code that a route can return, in the order of `ERROR_CODES`. */
export function errorsOf({
  auth,
  errors = [],
  idempotent,
  limits,
  anyParameters,
}: RouteDescription): ErrorCode[] {
  const possible = new Set([
    ...(auth === 'none' ? [] : (['unauthenticated'] as const)),
    // An API key at a door for users, or a user at a door for keys.
    ...(auth === 'user' || auth === 'key' ? (['forbidden'] as const) : []),
    ...(anyParameters ? [] : (['validation_failed'] as const)),
    ...(idempotent ? (['malformed_request', 'idempotency_mismatch'] as const) : []),
    ...(limits === undefined ? [] : (['rate_limited'] as const)),
    ...errors,
    ...ALWAYS,
  ])
  return (Object.keys(ERROR_CODES) as ErrorCode[]).filter((code) => possible.has(code))
}
