import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { app } from '../../src/app.ts'
import { call } from '../harness/client.ts'

const SHOP = 'https://shop.example'
const withOrigins = { ...env, CORS_ORIGINS: `${SHOP}, https://other.example` }

/** The request that a browser sends before a purchase from a page of `origin`. */
const preflight = (origin: string) =>
  app.fetch(
    new Request('https://tombola.example/api/v1/tickets/purchase', {
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
    expect(headers.get('x-frame-options')).toBe('SAMEORIGIN')
    expect(headers.get('strict-transport-security')).toMatch(/max-age=\d+/)
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('are on errors too', async () => {
    const { headers } = await call('GET', '/nothing')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('let caches keep a public response for one second, and never a response to a signed-in user', async () => {
    expect((await call('GET', '/api/v1/raffles')).headers.get('cache-control')).toBe('public, max-age=1')
    const own = await call('GET', '/api/v1/tickets', { token: 'nonsense' })
    expect(own.headers.get('cache-control')).toBeNull()
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
