/** Describes a route for the API document: summary, auth, responses with examples, and every possible error. */
import type { MiddlewareHandler } from 'hono'
import { resolver, uniqueSymbol } from 'hono-openapi'
import type * as z from 'zod'
import type { AppEnv } from './context.ts'
import { ERROR_CODES, type ErrorCode, Problem, ProblemDocument } from './errors.ts'

/** Every route can return these errors, so no route lists them. */
const ALWAYS: readonly ErrorCode[] = ['internal', 'unavailable']

/** The errors of every route that reads a body. */
export const BODY_ERRORS: readonly ErrorCode[] = [
  'malformed_request',
  'payload_too_large',
  'unsupported_media_type',
  'validation_failed',
]

/** The errors of every list: a malformed cursor, a limit out of bounds. */
export const PAGE_ERRORS: readonly ErrorCode[] = ['malformed_request', 'validation_failed']

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

/**
 * Middleware that describes its route and enforces `auth`. It refuses a request without a required user or key before
 * the body is read.
 */
export function describe(description: RouteDescription) {
  const admit: MiddlewareHandler<AppEnv> = async (c, next) => {
    const { actor, apiKey, badToken } = c.get('ctx')
    const { auth } = description
    if (auth !== 'none' && badToken !== null) throw badToken
    if (auth === 'key' && apiKey === null) {
      throw new Problem('unauthenticated', 'Send an API key as `Authorization: Bearer tk_…`.')
    }
    if (auth.startsWith('user') && actor === null && (auth === 'user' || apiKey === null)) {
      throw new Problem('unauthenticated', 'Sign in to do this.')
    }
    await next()
  }
  // Computed only when the document is read, so that it does not slow the start of a worker.
  const inDocument = {
    get spec() {
      return specOf(description)
    },
  }
  const handler = Object.assign(admit, { [uniqueSymbol]: inDocument })
  declared.set(handler, description)
  return handler
}

function specOf(description: RouteDescription) {
  const { success } = description
  const byStatus = Map.groupBy(errorsOf(description), (code) => String(ERROR_CODES[code].status))
  return {
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
  }
}

function successContent(success: RouteDescription['success']) {
  if (success.media !== undefined) {
    return { content: { [success.media]: { schema: { type: 'string' as const }, example: success.example } } }
  }
  if (success.schema === undefined) return {}
  return { content: { 'application/json': { schema: resolver(success.schema), example: success.example } } }
}

/** Every error code that a route can return. */
export const errorsOf = ({ auth, errors = [], idempotent }: RouteDescription): ErrorCode[] => [
  ...new Set([
    ...(auth === 'none' ? [] : (['unauthenticated'] as const)),
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
