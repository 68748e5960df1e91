import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { call } from '../harness/client.ts'
import { limiter } from '../harness/limiter.ts'

/** The token is unknown, so an allowed request gets 422. */
const reset = (bindings: Partial<Bindings>, address = '203.0.113.1') =>
  call('POST', '/api/v1/auth/reset', {
    body: { token: 'A'.repeat(43), password: 'correct horse battery' },
    headers: { 'cf-connecting-ip': address },
    bindings,
  })

const PRODUCTION = {
  ENVIRONMENT: 'production',
  BEACON: 'quicknet',
  JWT_SECRET: 'a-secret-of-production-that-nobody-knows',
  SIGNING_KEY: '11'.repeat(32),
  PUBLIC_ORIGIN: 'https://raffles.example',
} as unknown as Partial<Bindings>

describe('a rate limit', () => {
  it('allows its number of requests, then returns 429 with Retry-After', async () => {
    const bindings = { RATE_SIGN_IN: limiter(2) }
    const statuses = [await reset(bindings), await reset(bindings)].map((each) => each.status)
    expect(statuses).toEqual([422, 422])
    const { status, body, headers } = await reset(bindings)
    expect(status).toBe(429)
    expect(body.code).toBe('rate_limited')
    expect(headers.get('retry-after')).toBe('60')
  })

  it('is named by each answer in production, also by a refusal', async () => {
    const bindings = { ...PRODUCTION, RATE_SIGN_IN: limiter(1) }
    const answers = [await reset(bindings), await reset(bindings)]
    expect(answers.map((each) => each.status)).toEqual([422, 429])
    for (const { headers } of answers) expect(headers.get('ratelimit-policy')).toBe('"sign-in";q=10;w=60')
    const elsewhere = await call('GET', '/api/v1/raffles', { bindings: PRODUCTION })
    expect(elsewhere.headers.get('ratelimit-policy')).toBeNull()
  })

  it('is not named in development, where nobody reaches it', async () => {
    expect((await reset({})).headers.get('ratelimit-policy')).toBeNull()
  })

  it.each([
    ['IPv4 addresses', '203.0.113.1', '203.0.113.2'],
    ['IPv6 networks', '2001:db8:0:1::1', '2001:db8:0:2::1'],
    ['IPv6 networks that are written in full', '2001:db8:0:1:0:0:0:1', '2001:db8:0:2:0:0:0:1'],
    ['IPv4 addresses in the form of IPv6', '::ffff:203.0.113.1', '::ffff:203.0.113.2'],
  ])('counts different %s by themselves', async (_, one, other) => {
    const bindings = { RATE_SIGN_IN: limiter(1) }
    const statuses = [await reset(bindings, one), await reset(bindings, other), await reset(bindings, one)]
    expect(statuses.map((each) => each.status)).toEqual([422, 422, 429])
  })

  it('counts all IPv6 addresses of one network together, in any spelling', async () => {
    const bindings = { RATE_SIGN_IN: limiter(1) }
    expect((await reset(bindings, '2001:db8::1')).status).toBe(422)
    for (const address of ['2001:db8::2', '2001:0DB8:0:0:ffff::1', '2001:db8:0:0:1:2:3:4', '2001:db8::']) {
      expect((await reset(bindings, address)).status, address).toBe(429)
    }
  })

  it('counts a request before its body is read', async () => {
    const bindings = { RATE_SIGN_IN: limiter(0) }
    const { status } = await call('POST', '/api/v1/auth/reset', { raw: '{', bindings })
    expect(status).toBe(429)
  })

  it('exists in development too, too high to be reached', async () => {
    for (const name of ['RATE_SIGN_IN', 'RATE_SIGN_IN_TOTAL', 'RATE_REGISTER', 'RATE_PURCHASE'] as const) {
      expect(await env[name].limit({ key: 'anybody' })).toEqual({ success: true })
    }
  })
})
