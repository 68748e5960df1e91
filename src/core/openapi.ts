/** Describes a route for the API document: summary, auth, responses with examples, and every possible error. */
import type { MiddlewareHandler } from 'hono'
import { describeRoute, resolver } from 'hono-openapi'
import type * as z from 'zod'
import type { AppEnv } from './context.ts'
import { ERROR_CODES, type ErrorCode, Problem, ProblemDocument } from './errors.ts'
import { refuseUnknownParameters } from './query.ts'

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
  /** The sender may add parameters of its own to the address, as providers do to that of a webhook. */
  anyParameters?: boolean
}

const SECURITY: Record<RouteDescription['auth'], Record<string, string[]>[]> = {
  none: [],
  user: [{ bearer: [] }],
  optional: [{}, { bearer: [] }],
  key: [{ apiKey: [] }],
  'user-or-key': [{ bearer: [] }, { apiKey: [] }],
}

/** Each route's description by its handler, for tests. */
const declared = new WeakMap<object, RouteDescription>()
export const descriptionOf = (handler: object): RouteDescription | undefined => declared.get(handler)

/** The summaries of the routes that take an API key. */
const summariesForKeys: string[] = []

const whatKeysMayDo = (): string =>
  summariesForKeys.map((summary) => summary[0]!.toLowerCase() + summary.slice(1)).join('; ')

/**
 * Middleware that describes its route and enforces `auth`. It refuses a request without a required user or key, and one
 * with a parameter that the route does not know, before the body is read.
 */
export function describe(description: RouteDescription) {
  const { success } = description
  const errors = errorsOf(description)
  const byStatus = Map.groupBy(errors, (code) => String(ERROR_CODES[code].status))
  const described = describeRoute({
    summary: description.summary,
    description: description.description,
    tags: [description.tag],
    security: SECURITY[description.auth],
    ...(description.idempotent ? { parameters: [IDEMPOTENCY_KEY] } : {}),
    responses: {
      [success.status]: {
        description: success.description,
        ...successContent(success),
      },
      ...Object.fromEntries(
        [...byStatus].map(([status, codes]) => [status, problemResponse(status, codes, description.foreign)]),
      ),
    },
  })
  const admit: MiddlewareHandler<AppEnv> = async (c, next) => {
    const { actor, apiKey, badToken } = c.get('ctx')
    const { auth } = description
    if (auth !== 'none' && badToken !== null) throw badToken
    if (auth === 'key' && apiKey === null) {
      const how = 'Send an API key as `Authorization: Bearer tk_…`.'
      throw actor === null
        ? new Problem('unauthenticated', how)
        : new Problem('forbidden', `Only an API key of the organisation may do this. ${how}`)
    }
    if (auth === 'user' && apiKey !== null) {
      throw new Problem(
        'forbidden',
        `An API key may not do this: sign in. A key may only ${whatKeysMayDo()}.`,
      )
    }
    if (auth.startsWith('user') && actor === null && apiKey === null) {
      throw new Problem('unauthenticated', 'Sign in to do this.')
    }
    if (!description.anyParameters) refuseUnknownParameters(c)
    await next()
  }
  const handler = Object.assign(admit, described)
  declared.set(handler, description)
  if (description.auth.endsWith('key')) summariesForKeys.push(description.summary)
  return handler
}

function successContent(success: RouteDescription['success']) {
  if (success.media !== undefined) {
    return { content: { [success.media]: { schema: { type: 'string' as const }, example: success.example } } }
  }
  if (success.schema === undefined) return {}
  return { content: { 'application/json': { schema: resolver(success.schema), example: success.example } } }
}

/** Every error code that a route can return. */
export const errorsOf = ({ auth, errors = [], idempotent, anyParameters }: RouteDescription): ErrorCode[] => [
  ...new Set([
    ...(auth === 'none' ? [] : (['unauthenticated'] as const)),
    // An API key at a door for users, or a user at a door for keys.
    ...(auth === 'user' || auth === 'key' ? (['forbidden'] as const) : []),
    ...(anyParameters ? [] : (['validation_failed'] as const)),
    ...(idempotent ? (['malformed_request', 'idempotency_mismatch'] as const) : []),
    ...errors,
    ...ALWAYS,
  ]),
]

function problemResponse(status: string, codes: ErrorCode[], foreign: ForeignAnswer | undefined) {
  const other = foreign !== undefined && String(foreign.status) === status ? foreign : undefined
  const descriptions = codes.map((code) => `\`${code}\`: ${ERROR_CODES[code].title}`)
  return {
    description: [...descriptions, ...(other === undefined ? [] : [other.description])].join('. '),
    content: {
      ...(other === undefined
        ? {}
        : { 'application/json': { schema: resolver(other.schema), example: other.example } }),
      'application/problem+json': {
        schema: resolver(ProblemDocument),
        example: exampleProblem(codes[0]!),
      },
    },
  }
}

const exampleProblem = (code: ErrorCode) => ({
  type: `urn:tombola:problem:${code}`,
  title: ERROR_CODES[code].title,
  status: ERROR_CODES[code].status,
  detail: `${ERROR_CODES[code].title}.`,
  code,
  requestId: '8e1b2c3d4e5f6a7b-NBO',
})

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header' as const,
  required: true,
  description:
    'You choose it: 1 to 128 printable characters. A retry with the same key and body has the same result.',
  schema: { type: 'string' as const, minLength: 1, maxLength: 128 },
  example: '5f0c6f0e-2c5b-4f39-9d1e-1c6b0a4a5e11',
}
