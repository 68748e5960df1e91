import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { call } from '../harness/client.ts'

/** A limiter like the platform's: `limit` requests per key, in a period that never ends. */
function limiter(limit: number): RateLimit {
  const counts = new Map<string, number>()
  return {
    async limit({ key }) {
      const count = (counts.get(key) ?? 0) + 1
      counts.set(key, count)
      return { success: count <= limit }
    },
  }
}

const logIn = (bindings: Partial<Bindings>, address = '203.0.113.1', email = 'nobody@example.com') =>
  call('POST', '/api/v1/auth/login', {
    body: { email, password: 'x' },
    headers: { 'cf-connecting-ip': address },
    bindings,
  })

describe('a rate limit', () => {
  it('allows its number of requests, then returns 429 with Retry-After', async () => {
    const bindings = { RATE_SIGN_IN: limiter(2) }
    const statuses = [await logIn(bindings), await logIn(bindings)].map((each) => each.status)
    expect(statuses).toEqual([401, 401])
    const { status, body, headers } = await logIn(bindings)
    expect(status).toBe(429)
    expect(body.code).toBe('rate_limited')
    expect(headers.get('retry-after')).toBe('60')
  })

  it('counts each IP address, and each e-mail address over all IP addresses', async () => {
    const bindings = { RATE_SIGN_IN: limiter(1) }
    const one = await logIn(bindings, '203.0.113.1', 'one@example.com')
    const sameAddress = await logIn(bindings, '203.0.113.1', 'two@example.com')
    const sameEmail = await logIn(bindings, '203.0.113.2', 'one@example.com')
    const neither = await logIn(bindings, '203.0.113.3', 'three@example.com')
    expect([one, sameAddress, sameEmail, neither].map((each) => each.status)).toEqual([401, 429, 429, 401])
  })

  it('counts a request before its body is read', async () => {
    const bindings = { RATE_SIGN_IN: limiter(0) }
    const { status } = await call('POST', '/api/v1/auth/login', { raw: '{', bindings })
    expect(status).toBe(429)
  })

  it('exists in development too, too high to be reached', async () => {
    for (const name of ['RATE_SIGN_IN', 'RATE_REGISTER', 'RATE_PURCHASE'] as const) {
      expect(await env[name].limit({ key: 'anybody' })).toEqual({ success: true })
    }
  })
})
