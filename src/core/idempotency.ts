/** Reads and checks the Idempotency-Key header. The row that a request inserts keeps its key. */
import { createHash } from 'node:crypto'
import type { AppContext } from './context.ts'
import { Problem } from './errors.ts'

/** Printable ASCII. A shop may send the name of its order, so there may be spaces, but none at an end. */
const KEY = /^(?! )[\x20-\x7e]{1,128}(?<! )$/

/** The request's key; required on every route that is described as idempotent. */
export function idempotencyKey(c: AppContext): string {
  const key = c.req.header('idempotency-key')
  if (key === undefined) {
    throw new Problem(
      'malformed_request',
      'Send an Idempotency-Key header, so that a retry does not run the request twice.',
    )
  }
  if (!KEY.test(key)) {
    throw new Problem('malformed_request', 'Idempotency-Key: 1 to 128 printable ASCII characters.')
  }
  return key
}

/**
 * A key of the system, for what it reserves for a person in a pool, beside the keys that this person sends. It begins with a
 * space, so no client can send it.
 */
export const systemKey = (name: string): string => ` ${name}`

/**
 * The same key in rows from before every key of the system began with a space. Null: a client's key. A client may have sent
 * the same text, so a row counts only if it is of the same request.
 */
export const formerKey = (key: string): string | null => (key.startsWith(' ') ? key.slice(1) : null)

/** The length of a SHA-256 in base64url. */
const HASH_LENGTH = 43

/**
 * A fingerprint of a request's body. It tells a retry from another request with the same key. A body no longer than a
 * hash is its own fingerprint.
 */
export function bodyHash(body: unknown): string {
  const text = JSON.stringify(body)
  return text.length <= HASH_LENGTH ? text : createHash('sha256').update(text).digest('base64url')
}
