/** Turns every thrown error into a problem document (RFC 9457). */
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import type * as z from 'zod'
import type { AppEnv } from './context.ts'
import { databaseReason, isSchemaMissing } from './database.ts'
import { ERROR_CODES, Problem, type ProblemDocument } from './errors.ts'
import { logMissingMigrations } from './missing-migrations.ts'

const RETRY_AFTER_SECONDS = 1

/**
 * Hono's `onError`. A `Problem` is returned as it is. A missing table or column means that the database lacks a migration,
 * if it does. Any other error is logged whole and returned as `internal`.
 */
export async function respondToError(error: unknown, c: Context<AppEnv>): Promise<Response> {
  const notReady = isSchemaMissing(error) ? await logMissingMigrations(c.get('ctx')) : null
  if (notReady !== null) return respondWithProblem(notReady, c)
  const problem = toProblem(error)
  if (problem.code === 'internal') c.get('ctx')?.log.error('unexpected error', { error })
  if (problem.code === 'unavailable') c.get('ctx')?.log.warn('unavailable', { reason: reasonOf(error) })
  return respondWithProblem(problem, c)
}

export function respondWithProblem(problem: Problem, c: Context<AppEnv>): Response {
  const { status, title } = ERROR_CODES[problem.code]
  const { errors, numbers, retryAfterSeconds } = problem.extras
  const document: z.infer<typeof ProblemDocument> = {
    type: `urn:tombola:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    requestId: c.get('requestId') ?? 'unknown',
    ...(errors === undefined ? {} : { errors }),
    ...(numbers === undefined ? {} : { numbers }),
  }
  const headers: Record<string, string> = { 'content-type': 'application/problem+json' }
  const retryAfter = retryAfterSeconds ?? (status === 503 ? RETRY_AFTER_SECONDS : undefined)
  if (retryAfter !== undefined) headers['retry-after'] = String(retryAfter)
  if (status === 401) headers['www-authenticate'] = 'Bearer'
  return c.body(JSON.stringify(document), status, headers)
}

/** The problem that the client sees for an error. */
function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof HTTPException) {
    if (error.status === 413) return new Problem('payload_too_large', error.message)
    if (error.status < 500) return new Problem('malformed_request', 'The body is not valid JSON.')
  }
  if (isTransient(error)) {
    return new Problem('unavailable', 'This part of Tombola is busy or restarting. Try again in a moment.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    })
  }
  return new Problem('internal', 'Something went wrong on our side. Quote the request id when you report it.')
}

/** Whether a Durable Object or D1 is overloaded, reset or unreachable, so that the client may retry. */
function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const flags = error as { overloaded?: boolean; retryable?: boolean; durableObjectReset?: boolean }
  if (flags.overloaded || flags.retryable || flags.durableObjectReset) return true
  return /^D1_ERROR.*(overloaded|network connection lost|reset|timed? ?out|internal error)/i.test(
    databaseReason(error),
  )
}

const reasonOf = (error: unknown): string =>
  error instanceof Problem ? error.message : databaseReason(error).slice(0, 200)
