/** Signs and verifies access tokens (JWT, HS256, RFC 7519). Only this file uses the library; it accepts no deviation. */
import { sign, verify } from '@tsndr/cloudflare-worker-jwt'
import * as z from 'zod'
import type { Actor } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { Id } from '../core/ids.ts'
import { SECOND_MS } from '../core/time.ts'

const ALGORITHM = 'HS256'
const ISSUER = 'tombola'
const AUDIENCE = 'tombola-api'
/** A user may belong to a hundred organisations. */
const MAX_TOKEN_LENGTH = 8_192
/**
 * Exactly three parts: the library would ignore a fourth part, and white space within one. It would also decode several
 * spellings of one signature. The 43rd character of 32 bytes carries four bits, so only 16 characters are canonical there.
 */
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]{42}[AEIMQUYcgkosw048]$/
/** Clocks of two machines differ a little. */
const MAX_CLOCK_DIFFERENCE_MS = 30 * SECOND_MS

/** Nothing but what we sign ourselves. RFC 7515 §4.1.11: a `crit` that is not understood must be refused. */
const Header = z.strictObject({ typ: z.literal('JWT'), alg: z.literal(ALGORITHM) })

/** All claims are required: the library would never expire a token without `exp`. */
const Claims = z.strictObject({
  exp: z.number().int(),
  iat: z.number().int(),
  iss: z.literal(ISSUER),
  aud: z.literal(AUDIENCE),
  sub: Id('user'),
  /** The session's id. */
  jti: Id('session'),
  /** As in OpenID Connect. */
  email_verified: z.boolean(),
  staff_of: z.array(Id('organisation')),
  /** The last revocation at the time of issue. */
  revision: z.number().int().min(0),
})

/** What a token says. */
export interface TokenFacts extends Omit<Actor, 'isChecked'> {
  /** The number of the last revocation at the time of issue: only later ones revoke the token. */
  revision: number
}

export interface TokenTerms {
  secret: string
  now: number
}

/** Signs an access token that ends `lifetimeSeconds` from now. */
export async function signAccessToken(
  facts: TokenFacts,
  { secret, now }: TokenTerms,
  lifetimeSeconds: number,
): Promise<string> {
  const iat = Math.floor(now / SECOND_MS)
  const claims: z.infer<typeof Claims> = {
    exp: iat + lifetimeSeconds,
    iat,
    iss: ISSUER,
    aud: AUDIENCE,
    sub: facts.userId,
    jti: facts.sessionId,
    email_verified: facts.isProved,
    staff_of: [...facts.staffOf],
    revision: facts.revision,
  }
  return sign(claims, await keyOf(secret), { algorithm: ALGORITHM })
}

/** What a valid token says. Throws the same `unauthenticated` for every fault. Whether it was revoked: `revocations.ts`. */
export async function verifyAccessToken(token: string, { secret, now }: TokenTerms): Promise<TokenFacts> {
  const claims = await readClaims(token, secret)
  if (claims === undefined || !isCurrent(claims, now)) {
    throw new Problem('unauthenticated', 'The access token is invalid or has expired.')
  }
  return {
    userId: claims.sub,
    sessionId: claims.jti,
    isProved: claims.email_verified,
    staffOf: claims.staff_of,
    revision: claims.revision,
  }
}

/** A token from the future was signed by a wrong clock, or by somebody who wants it to last. */
const isCurrent = ({ iat, exp }: z.infer<typeof Claims>, now: number): boolean =>
  iat * SECOND_MS <= now + MAX_CLOCK_DIFFERENCE_MS && now < exp * SECOND_MS

/** Tokens whose signature this isolate has verified: a client sends the same token for minutes. */
const verified = new Map<string, { secret: string; claims: z.infer<typeof Claims> }>()
const MAX_VERIFIED = 5_000

/** A token's claims if its signature and format are valid; expired tokens too. */
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
    return Header.safeParse(data?.header).success ? Claims.safeParse(data?.payload).data : undefined
  } catch {
    return undefined
  }
}

let cached: { secret: string; key: Promise<CryptoKey> } | undefined

/** The key of this isolate. Imported here, because the library would parse a secret that looks like PEM. */
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
