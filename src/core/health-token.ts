/** The token of operators that shows the names of invalid settings. It works even if every other setting is missing. */
import { createHash, timingSafeEqual } from 'node:crypto'
import * as z from 'zod'

/** Long enough that nobody can guess it. */
export const HealthToken = z.string().min(32).max(512)

/** Whether the request's bearer token is `token`. Always false if the settings have none. */
export function presentsHealthToken(headers: Headers, token: string | undefined): boolean {
  if (token === undefined) return false
  // Hashes have the same length, so the comparison takes the same time for every text.
  return timingSafeEqual(sha256(headers.get('authorization') ?? ''), sha256(`Bearer ${token}`))
}

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()
