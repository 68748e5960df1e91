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

/** A short fingerprint of what was asked, to tell a repeat from another request under the same key. */
export const bodyHash = (body: unknown): string =>
  createHash('sha256').update(JSON.stringify(body)).digest('base64url').slice(0, 22)
