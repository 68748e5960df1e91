import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { app } from '../../src/app.ts'
import { newId } from '../../src/core/ids.ts'
import { type CallOptions, call, type Method, operations } from '../harness/client.ts'
import { organisationWithOperator, signedInAdmin, uniqueEmail } from '../harness/people.ts'

const SHOP = 'https://shop.example'
const withOrigins = { ...env, CORS_ORIGINS: `${SHOP}, https://other.example` }

/** The request that a browser sends before a purchase from a page of `origin`. */
const preflight = (origin: string) =>
  app.fetch(
    new Request('http://localhost:8787/api/v1/tickets/purchase', {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type,idempotency-key',
      },
    }),
    withOrigins,
  )

describe('response headers', () => {
  it('forbid framing, sniffing and plain HTTP', async () => {
    const { headers } = await call('GET', '/api/v1/raffles')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/)
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('are on errors too', async () => {
    const { headers } = await call('GET', '/nothing')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })
})

describe('caches', () => {
  /** Each route of the document with ids that nobody has. `call` fails if a private answer may be cached. */
  const documented = operations.map(({ method, path, description }) => ({
    name: `${method} ${path}`,
    method: method as Method,
    path: path.replaceAll(/:\w+/g, newId('raffle')),
    auth: description.auth,
  }))
  const cachingOf = async (method: Method, path: string, options: CallOptions = {}) =>
    (await call(method, path, options)).headers.get('cache-control')

  it('keep no answer to a request with a token, on any route', async () => {
    expect(documented.length).toBeGreaterThan(90)
    for (const { name, method, path } of documented) {
      // One of the routes is the logout, so each gets a token of its own.
      for (const token of [(await signedInAdmin()).token, 'nonsense']) {
        expect(await cachingOf(method, path, { token }), name).toBe('no-store')
      }
    }
  })

  it('keep no answer of a route that is not public, and no error of any route', async () => {
    for (const { name, method, path, auth } of documented) {
      const { status, headers } = await call(method, path)
      const isPublic = auth === 'none' || auth === 'optional'
      if (!isPublic) expect(status, name).toBe(401)
      if (status >= 400) expect(headers.get('cache-control'), name).toBe('no-store')
    }
  })

  it('keep popular lists for one second', async () => {
    const kept: string[] = []
    for (const { name, method, path } of documented) {
      if ((await cachingOf(method, path)) === 'public, max-age=1') kept.push(name)
    }
    expect(kept).toEqual([
      'GET /api/v1/events',
      'GET /api/v1/raffles',
      'GET /api/v1/series',
      'GET /api/v1/lotteries',
      'GET /api/v1/products',
      'GET /api/v1/categories',
      'GET /api/v1/draws/upcoming',
      'GET /api/v1/winners',
      'GET /api/v1/search',
      'GET /api/v1/config',
    ])
  })

  it('do not keep an API key, which is shown once', async () => {
    const { id, operator } = await organisationWithOperator()
    const { status, headers } = await call('POST', `/api/v1/organisations/${id}/api-keys`, {
      token: operator.token,
      body: { name: 'Online shop', scopes: ['grants:write'] },
    })
    expect(status).toBe(201)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('do not keep what a stranger sent or got by a public form', async () => {
    const email = uniqueEmail()
    const password = 'staple under the wardrobe'
    const body = { email, password, name: 'Amina' }
    expect(await cachingOf('POST', '/api/v1/auth/register', { body })).toBe('no-store')
    expect(await cachingOf('POST', '/api/v1/auth/login', { body: { email, password } })).toBe('no-store')
    expect(await cachingOf('GET', '/dev/mail')).toBe('no-store')
  })
})

describe('other origins', () => {
  it('are allowed if a setting names them, with the headers that the API needs', async () => {
    const { headers } = await preflight(SHOP)
    expect(headers.get('access-control-allow-origin')).toBe(SHOP)
    expect(headers.get('access-control-allow-headers')).toContain('idempotency-key')
  })

  it('are refused otherwise', async () => {
    const { headers } = await preflight('https://evil.example')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  })
})
