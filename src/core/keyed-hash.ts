/** Keyed hashes under `JWT_SECRET`. */
import { createHmac } from 'node:crypto'
import type { Settings } from './settings.ts'

/** HMAC-SHA-256 in base64url. The label makes a separate key for each purpose of the same secret. */
export function keyedHash({ JWT_SECRET }: Pick<Settings, 'JWT_SECRET'>, label: string, text: string): string {
  const key = createHmac('sha256', JWT_SECRET).update(label).digest()
  return createHmac('sha256', key).update(text).digest('base64url')
}
