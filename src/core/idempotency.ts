/** Idempotency-Key: read and bounded in one place; what it protects lives in the row that the request makes. */
import { createHash } from 'node:crypto'
import type { AppContext } from './context.ts'
import { Problem } from './errors.ts'

const KEY = /^[\x21-\x7e]{1,128}$/

/** The request's key; required on every door that describes itself as idempotent. */
export function idempotencyKey(c: AppContext): string {
  const key = c.req.header('idempotency-key')
  if (key === undefined) {
    throw new Problem(
      'malformed_request',
      'Send an Idempotency-Key header, so that a repeat is not a second request.',
    )
  }
  if (!KEY.test(key)) {
    throw new Problem('malformed_request', 'Idempotency-Key: 1 to 128 printable characters without spaces.')
  }
  return key
}

const SHORT = 43

/** A fingerprint of what was asked, to tell a repeat from another request under the same key; short ones stand for themselves. */
export function bodyHash(body: unknown): string {
  const text = JSON.stringify(body)
  return text.length <= SHORT ? text : createHash('sha256').update(text).digest('base64url')
}
