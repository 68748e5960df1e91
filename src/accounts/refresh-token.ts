/** Refresh tokens: opaque bytes of which only hashes are kept; one part stays in the family, the other is new each time. */
import { createHash } from 'node:crypto'

/** Finds the session again, even by a token that was rotated away; only who held one of the family knows it. */
const FAMILY_BYTES = 16
const SECRET_BYTES = 32

export interface RefreshToken {
  /** What the client keeps. */
  text: string
  familyHash: string
  refreshHash: string
}

/** A token of a new family, or the next one of the family that `previous` belongs to. */
export function newRefreshToken(previous?: RefreshToken): RefreshToken {
  const bytes = crypto.getRandomValues(Buffer.alloc(FAMILY_BYTES + SECRET_BYTES))
  if (previous !== undefined) familyOf(Buffer.from(previous.text, 'base64url')).copy(bytes)
  return describe(bytes)
}

/** Reads a token as a client sends it; undefined for what was never one. */
export function readRefreshToken(text: string): RefreshToken | undefined {
  const bytes = Buffer.from(text, 'base64url')
  // Decoding is lenient, so that two texts could name one token: only the canonical one does.
  if (bytes.length !== FAMILY_BYTES + SECRET_BYTES || bytes.toString('base64url') !== text) return undefined
  return describe(bytes)
}

function describe(bytes: Buffer): RefreshToken {
  return {
    text: bytes.toString('base64url'),
    familyHash: sha256(familyOf(bytes)),
    refreshHash: sha256(bytes),
  }
}

const familyOf = (bytes: Buffer): Buffer => bytes.subarray(0, FAMILY_BYTES)
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('base64url')
