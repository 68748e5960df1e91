/**
 * The bookmark that a client gets with an answer and sends with its next request, so that it reads what it wrote. Clients
 * know nothing of its parts. It is signed: a made-up one could make a replica wait for a state that never comes.
 */
import { timingSafeEqual } from 'node:crypto'
import * as z from 'zod'
import { keep } from './keep.ts'
import { keyedHash } from './keyed-hash.ts'
import type { Settings } from './settings.ts'

export const BOOKMARK_HEADER = 'x-tombola-bookmark'

/** A state that a read must have seen. */
export interface Bookmark {
  /** A bookmark of D1; null: only its primary is known to be new enough. D1's bookmarks sort by age as text. */
  d1: string | null
  /** The names of pools that may not have written this reader's change to D1 yet: at most `MAX_POOLS`. */
  pools: string[]
}

/** A reader of more pools at once sees the others a moment later. */
export const MAX_POOLS = 4

type Secret = Pick<Settings, 'JWT_SECRET'>

const VERSION = '1'
const MAX_LENGTH = 512
const SHAPE = new RegExp(`^${VERSION}\\.([\\w-]+)\\.([\\w-]{22})$`)
const Parts = z.object({
  d1: z.string().min(1).max(256).nullable(),
  /** Absent: none, as in bookmarks of an earlier release. */
  pools: z.array(z.string().max(16)).max(MAX_POOLS).default([]),
})

/** The bookmark as text: at most 512 characters that a header may hold. */
export function writeBookmark(secret: Secret, bookmark: Bookmark): string {
  if (bookmark.d1 !== null) return sign(secret, bookmark)
  const known = ofPrimary.get(secret) ?? keep((...pools) => sign(secret, { d1: null, pools }))
  ofPrimary.set(secret, known)
  return known(...bookmark.pools)
}

/** After each free entry: kept, because signing would be a large part of its work. */
const ofPrimary = new WeakMap<Secret, (...pools: string[]) => string>()

function sign(secret: Secret, { d1, pools }: Bookmark): string {
  const named = pools.length === 0 ? { d1 } : { d1, pools }
  const parts = Buffer.from(JSON.stringify(named)).toString('base64url')
  return `${VERSION}.${parts}.${signatureOf(secret, parts)}`
}

/**
 * Reads a bookmark that `writeBookmark` made. Any other text means "the primary": it may be of another version or an
 * earlier secret, and the primary is new enough for every client. So an old bookmark never fails a request.
 */
export function readBookmark(secret: Secret, text: string): Bookmark {
  const [, parts, signature] = text.length > MAX_LENGTH ? [] : (SHAPE.exec(text) ?? [])
  if (parts === undefined || signature === undefined || !isSigned(secret, parts, signature))
    return { d1: null, pools: [] }
  return Parts.parse(JSON.parse(Buffer.from(parts, 'base64url').toString()))
}

const isSigned = (secret: Secret, parts: string, signature: string): boolean =>
  timingSafeEqual(Buffer.from(signatureOf(secret, parts)), Buffer.from(signature))

/** 132 bits of the hash. */
const signatureOf = (secret: Secret, parts: string): string =>
  keyedHash(secret, 'bookmark', `${VERSION}.${parts}`).slice(0, 22)
