/** The one error type of the system, its closed list of codes, and the one table from code to HTTP status. */
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import * as z from 'zod'

/** Every code that a problem document may carry, with its status and title. */
export const ERROR_CODES = {
  malformed_request: { status: 400, title: 'The request could not be read' },
  unauthenticated: { status: 401, title: 'Sign in first' },
  forbidden: { status: 403, title: 'You may not do this' },
  not_found: { status: 404, title: 'Not found' },
  method_not_allowed: { status: 405, title: 'This address does not allow that method' },
  conflict: { status: 409, title: 'The request conflicts with existing data' },
  sold_out: { status: 409, title: 'Sold out' },
  sales_closed: { status: 409, title: 'Sales are closed' },
  sales_not_open: { status: 409, title: 'Sales are not open yet' },
  limit_reached: { status: 409, title: 'A limit has been reached' },
  number_taken: { status: 409, title: 'A number is taken' },
  idempotency_mismatch: { status: 409, title: 'This Idempotency-Key was used for another request' },
  invalid_state: { status: 409, title: 'Not possible in the current state' },
  hold_expired: { status: 410, title: 'The hold has expired' },
  payload_too_large: { status: 413, title: 'The request is too large' },
  unsupported_media_type: { status: 415, title: 'This content type is not accepted here' },
  validation_failed: { status: 422, title: 'Some fields are not valid' },
  rate_limited: { status: 429, title: 'Too many requests' },
  internal: { status: 500, title: 'Something went wrong on our side' },
  unavailable: { status: 503, title: 'Not available right now' },
} as const satisfies Record<string, { status: ContentfulStatusCode; title: string }>

export type ErrorCode = keyof typeof ERROR_CODES

export interface FieldError {
  /** The field's path in the input: `prizes.0.title`. Empty for the input as a whole. */
  path: string
  message: string
}

export interface ProblemExtras {
  /** For `validation_failed`: one entry per wrong field. */
  errors?: FieldError[]
  /** For `number_taken`: the requested numbers that another player holds. */
  numbers?: number[]
  /** For `rate_limited` and `unavailable`: sent as Retry-After. Seconds. */
  retryAfterSeconds?: number
}

/** An expected failure. Any code may throw it; `core/problem-response.ts` alone turns it into a response. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ErrorCode
  readonly extras: ProblemExtras

  constructor(code: ErrorCode, detail: string, extras: ProblemExtras = {}) {
    super(detail)
    this.code = code
    this.extras = extras
  }
}

/** 404. A missing thing and a thing of another owner get the same message, so that ids cannot be probed. */
export const notFound = (what: string): Problem => new Problem('not_found', `No such ${what}.`)

/** 422. The detail names each field too, because some clients show only the detail. */
export const validationFailed = (errors: FieldError[]): Problem =>
  new Problem(
    'validation_failed',
    errors.map(({ path, message }) => `${path === '' ? 'body' : path}: ${message}`).join('; '),
    { errors },
  )

/** 422 for a rule that spans fields or needs the database, in the same shape as a schema's error. */
export const invalid = (path: string, message: string): Problem => validationFailed([{ path, message }])

/** The body of every error response: a problem document (RFC 9457). */
export const ProblemDocument = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.number().int(),
    detail: z.string(),
    code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
    requestId: z.string(),
    errors: z.array(z.strictObject({ path: z.string(), message: z.string() })).optional(),
    numbers: z.array(z.number().int()).optional(),
  })
  .meta({ id: 'Problem' })
