/**
 * Device tokens: each login returns one, and the client sends it with its next login to the same address. It proves that
 * the device has known the password. It opens no session, and is checked without the database.
 */
import { timingSafeEqual } from 'node:crypto'
import type { Ctx } from '../core/context.ts'
import { keyedHash } from '../core/keyed-hash.ts'
import { DAY_MS } from '../core/time.ts'

/** Each login returns a new token, so this is the time since the last login. */
const TOKEN_LIFE_MS = 180 * DAY_MS
const ID_BYTES = 16
/** The device's id, the time of expiry in milliseconds, and their keyed hash. */
const FORM = /^(?<claims>(?<id>[\w-]{22})\.(?<expiresAt>\d{13}))\.(?<hash>[\w-]{43})$/

export function newDeviceToken(ctx: Ctx, email: string): string {
  const id = crypto.getRandomValues(Buffer.alloc(ID_BYTES)).toString('base64url')
  const claims = `${id}.${ctx.now + TOKEN_LIFE_MS}`
  return `${claims}.${hashOf(ctx, claims, email)}`
}

/** The device's id; undefined if the token is not ours, has expired, or was issued for another address. */
export function readDeviceToken(ctx: Ctx, token: string, email: string): string | undefined {
  const { claims, id, expiresAt, hash } = FORM.exec(token)?.groups ?? {}
  if (claims === undefined || hash === undefined || Number(expiresAt) <= ctx.now) return undefined
  return timingSafeEqual(Buffer.from(hash), Buffer.from(hashOf(ctx, claims, email))) ? id : undefined
}

const hashOf = (ctx: Ctx, claims: string, email: string): string =>
  keyedHash(ctx.settings, 'tombola devices 1', `${claims} ${email}`)
