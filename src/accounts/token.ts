/** Access tokens (JWT, HS256, RFC 7519): the only file that knows the library; what is not perfect is no token. */
import { sign, verify } from '@tsndr/cloudflare-worker-jwt'
import * as z from 'zod'
import type { Actor } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { Id } from '../core/ids.ts'
import { SECOND_MS } from '../core/time.ts'

const ALGORITHM = 'HS256'
const ISSUER = 'tombola'
const AUDIENCE = 'tombola-api'
const MAX_TOKEN_LENGTH = 1024
/** Three parts and no more: the library would overlook a fourth, and white space within one. */
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/

/** Every claim, all required: the library lets a token without `exp` live for ever. */
const Claims = z.strictObject({
  exp: z.number().int(),
  iat: z.number().int(),
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  sub: Id('user'),
  /** The session's id. */
  jti: Id('session'),
})

export interface TokenTerms {
  secret: string
  now: number
}

/** Signs an access token that ends `lifetimeSeconds` from now. */
export async function signAccessToken(
  actor: Actor,
  { secret, now }: TokenTerms,
  lifetimeSeconds: number,
): Promise<string> {
  const iat = Math.floor(now / SECOND_MS)
  const claims: z.infer<typeof Claims> = {
    exp: iat + lifetimeSeconds,
    iat,
    iss: ISSUER,
    aud: AUDIENCE,
    sub: actor.userId,
    jti: actor.sessionId,
  }
  return sign(claims, await keyOf(secret), { algorithm: ALGORITHM })
}

/** Who a token speaks for; anything wrong with it is one and the same `unauthenticated`. */
export async function verifyAccessToken(token: string, { secret, now }: TokenTerms): Promise<Actor> {
  const claims = await readClaims(token, secret)
  if (claims === undefined || claims.exp * SECOND_MS <= now) {
    throw new Problem('unauthenticated', 'The access token is not valid, or not any more.')
  }
  return { userId: claims.sub, sessionId: claims.jti }
}

/** Tokens of which this isolate knows that their signature is good: people come back with the same one for minutes. */
const verified = new Map<string, { secret: string; claims: z.infer<typeof Claims> }>()
const MAX_VERIFIED = 5_000

/** A token's claims, if its signature and form are right; whether its time is over is not asked here. */
async function readClaims(token: string, secret: string): Promise<z.infer<typeof Claims> | undefined> {
  const known = verified.get(token)
  if (known?.secret === secret) return known.claims
  const claims = await verifyClaims(token, secret)
  if (claims !== undefined) {
    if (verified.size === MAX_VERIFIED) verified.delete(verified.keys().next().value!)
    verified.set(token, { secret, claims })
  }
  return claims
}

async function verifyClaims(token: string, secret: string): Promise<z.infer<typeof Claims> | undefined> {
  if (token.length > MAX_TOKEN_LENGTH || !COMPACT_FORM.test(token)) return undefined
  try {
    const data = await verify(token, await keyOf(secret), { algorithm: ALGORITHM, throwError: true })
    return Claims.safeParse(data?.payload).data
  } catch {
    return undefined
  }
}

let cached: { secret: string; key: Promise<CryptoKey> } | undefined

/** The imported key of this isolate; made by hand, so that no secret is ever taken for PEM. */
function keyOf(secret: string): Promise<CryptoKey> {
  if (cached?.secret !== secret) {
    const key = crypto.subtle.importKey(
      'raw',
      new TextEncoder().encode(secret),
      { name: 'HMAC', hash: 'SHA-256' },
      false,
      ['sign', 'verify'],
    )
    cached = { secret, key }
  }
  return cached.key
}
