/** Refresh tokens: a part that the family shares, and a part that is new each time. Only hashes are stored. */
import { createHash } from 'node:crypto'
import { keyedHash } from '../core/keyed-hash.ts'
import type { Settings } from '../core/settings.ts'

/** Finds the session, even by a replaced token. Only a client that had a token of the family knows it. */
const FAMILY_BYTES = 16
const SECRET_BYTES = 32

export interface RefreshToken {
  /** The token that the client keeps. */
  text: string
  familyHash: string
  refreshHash: string
}

/** The first token of a new family. */
export const newRefreshToken = (): RefreshToken =>
  tokenOf(crypto.getRandomValues(Buffer.alloc(FAMILY_BYTES + SECRET_BYTES)))

/**
 * The next token of the family. It follows from the used one and `JWT_SECRET`, so that a repeat gets the same token though
 * only hashes are stored. Who has the used token, but not the secret, cannot compute it.
 */
export function successorOf(settings: Pick<Settings, 'JWT_SECRET'>, used: RefreshToken): RefreshToken {
  const secret = Buffer.from(keyedHash(settings, 'tombola refresh tokens 1', used.text), 'base64url')
  return tokenOf(Buffer.concat([familyOf(Buffer.from(used.text, 'base64url')), secret]))
}

/** Parses a token; undefined if it cannot be one. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // Base64url decoding is lenient: several texts give the same bytes. Only the canonical text is accepted.
  if (bytes.length !== FAMILY_BYTES + SECRET_BYTES || bytes.toString('base64url') !== text) return undefined
  return tokenOf(bytes)
}

function tokenOf(bytes: Buffer): RefreshToken {
  return {
    text: bytes.toString('base64url'),
    familyHash: sha256(familyOf(bytes)),
    refreshHash: sha256(bytes),
  }
}

const familyOf = (bytes: Buffer): Buffer => bytes.subarray(0, FAMILY_BYTES)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url')
