/** The tests of authentication that every protected route must pass: it refuses each request below with a 401. */
import { describe, expect, it } from 'vitest'
import { SECOND_MS } from '../../src/core/time.ts'
import { type CallOptions, call, type Method } from './client.ts'
import { type Person, registerPlayer, testSettings } from './people.ts'
import { respellings } from './respell.ts'

export { withUserToken } from './people.ts'

export interface Route {
  method: Method
  path: string
  /** A body that the route accepts from an authorised caller. */
  body?: unknown
  headers?: Record<string, string>
}

interface Forgery {
  header?: Record<string, unknown>
  claims?: Record<string, unknown>
  secret?: string
  hash?: 'SHA-256' | 'SHA-512'
}

/** Almost valid tokens. Each differs from a valid one only as its name says. */
export const FORGERIES: Record<string, Forgery> = {
  'an expired token': { claims: { exp: seconds(-1) } },
  'a token without exp': { claims: { exp: undefined } },
  'a token whose exp is not a number': { claims: { exp: '9999999999' } },
  'a token without jti': { claims: { jti: undefined } },
  'a token without sub': { claims: { sub: undefined } },
  'a token without email_verified': { claims: { email_verified: undefined } },
  'a token without staff_of': { claims: { staff_of: undefined } },
  'a token without revision': { claims: { revision: undefined } },
  'a token from another issuer': { claims: { iss: 'another-issuer' } },
  'a token for another audience': { claims: { aud: 'another-api' } },
  'a token with an extra claim': { claims: { role: 'admin' } },
  'a token signed with another secret': { secret: 'another-secret-of-at-least-32-characters' },
  'a token signed with another algorithm': { header: { alg: 'HS512' }, hash: 'SHA-512' },
  'a token that names one algorithm and uses another': { header: { alg: 'HS512' } },
  'a token with the algorithm none': { header: { alg: 'none' } },
  'a token with a critical extension': { header: { crit: ['exp'] } },
  'a token with an empty list of critical extensions': { header: { crit: [] } },
  'a token with a key in its header': { header: { jwk: { kty: 'oct', k: 'AA' } } },
  'a token of another type': { header: { typ: 'refresh' } },
  'a token from the future': { claims: { iat: seconds(3_600), exp: seconds(4_500) } },
}

/** Declares these tests for each of `routes`. */
export function protectedRoutes(routes: readonly Route[]): void {
  for (const route of routes) {
    describe(`${route.method} ${route.path} is protected`, () => {
      it('refuses a request without a token', async () => {
        await expectRefused(route, {})
      })

      it('refuses a header that is not a bearer token', async () => {
        for (const authorization of [
          '',
          'Bearer',
          'Bearer ',
          'Basic YTpi',
          'Bearer a b',
          'Bearer nonsense',
          'Bearer a.b.c',
        ]) {
          await expectRefused(route, { headers: { authorization } })
        }
      })

      it('refuses a token without its signature or with an extra part', async () => {
        const { token } = await registerPlayer()
        const [header, claims] = token.split('.')
        for (const bad of [`${header}.${claims}.`, `${header}.${claims}`, `${token}.x`, ` ${token}x`]) {
          await expectRefused(route, { token: bad })
        }
      })

      it('refuses every other spelling of a valid token', async () => {
        const { token } = await registerPlayer()
        const at = token.lastIndexOf('.') + 1
        for (const signature of respellings(token.slice(at))) {
          await expectRefused(route, { token: token.slice(0, at) + signature }, signature)
        }
      })

      it('refuses every almost valid token', async () => {
        const person = await registerPlayer()
        for (const [what, forgery] of Object.entries(FORGERIES)) {
          await expectRefused(route, { token: await forge(person, forgery) }, what)
        }
      })
    })
  }
}

export async function expectRefused(route: Route, options: CallOptions, what?: string): Promise<void> {
  const answer = await call(route.method, route.path, {
    body: route.body,
    ...options,
    headers: { ...route.headers, ...options.headers },
  })
  expect(answer.status, what).toBe(401)
  expect(answer.body.code, what).toBe('unauthenticated')
  expect(answer.headers.get('www-authenticate'), what).toMatch(/^Bearer/)
}

/** Signs a token here, because the worker's own signing code cannot make an invalid one. */
export async function forge(
  person: Pick<Person, 'id' | 'sessionId'>,
  forgery: Forgery = {},
): Promise<string> {
  const { secret = testSettings().JWT_SECRET, hash = 'SHA-256' } = forgery
  const header = { typ: 'JWT', alg: 'HS256', ...forgery.header }
  const claims = {
    exp: seconds(900),
    iat: seconds(0),
    iss: 'tombola',
    aud: 'tombola-api',
    sub: person.id,
    jti: person.sessionId,
    email_verified: false,
    staff_of: [],
    revision: 0,
    ...forgery.claims,
  }
  const signed = `${base64url(JSON.stringify(header))}.${base64url(JSON.stringify(claims))}`
  const bytes = new TextEncoder()
  const key = await crypto.subtle.importKey('raw', bytes.encode(secret), { name: 'HMAC', hash }, false, [
    'sign',
  ])
  const signature = await crypto.subtle.sign('HMAC', key, bytes.encode(signed))
  return `${signed}.${Buffer.from(signature).toString('base64url')}`
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url')

function seconds(fromNow: number): number {
  return Math.floor(Date.now() / SECOND_MS) + fromNow
}
