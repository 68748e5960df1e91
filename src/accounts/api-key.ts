/** The format of an API key: `tk_<the id's letters>_<secret>`. The table keeps only the secret's hash. */
import { createHash } from 'node:crypto'
import type { PresentedKey } from '../core/context.ts'
import { ID_PREFIXES, newId } from '../core/ids.ts'

const SECRET_BYTES = 32
const FORMAT = /^tk_([0-7][0-9a-hjkmnp-tv-z]{25})_([A-Za-z0-9_-]{43})$/

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

/** A new key. Its whole text exists only in this result. */
export function newApiKey(): PresentedKey & { key: string } {
  const id = newId('apiKey')
  const secret = Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString('base64url')
  const letters = id.slice(ID_PREFIXES.apiKey.length + 1)
  return { id, secretHash: hashOf(secret), key: `tk_${letters}_${secret}` }
}

/** Parses a bearer token as an API key; null if it is not one. */
export function readApiKey(token: string): PresentedKey | null {
  const [, letters, secret] = FORMAT.exec(token) ?? []
  if (letters === undefined || secret === undefined) return null
  return { id: `${ID_PREFIXES.apiKey}_${letters}`, secretHash: hashOf(secret) }
}
