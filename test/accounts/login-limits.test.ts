import { env } from 'cloudflare:workers'
import crypto from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { newDeviceToken } from '../../src/accounts/device-token.ts'
import { hashPassword } from '../../src/accounts/password.ts'
import { DAY_MS } from '../../src/core/time.ts'
import { call } from '../harness/client.ts'
import { limiter } from '../harness/limiter.ts'
import { registerPlayer, testContext, uniqueEmail } from '../harness/people.ts'

const PASSWORD = 'correct horse battery'
const HOME = '203.0.113.1'
const ELSEWHERE = '198.51.100.7'
/** Lower than in production, because each attempt hashes a password. The ratio is the same: the total is three times it. */
const LIMIT = 1
const TOTAL_LIMIT = 3
let passwordHash: string

beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const limits = () => ({ RATE_SIGN_IN: limiter(LIMIT), RATE_SIGN_IN_TOTAL: limiter(TOTAL_LIMIT) })
type Limits = ReturnType<typeof limits>

interface Attempt {
  password?: string
  device_token?: string
}

const login = (bindings: Limits, network: string, email: string, attempt: Attempt = {}) =>
  call('POST', '/api/v1/auth/login', {
    body: { email, password: PASSWORD, ...attempt },
    headers: { 'cf-connecting-ip': network },
    bindings,
  })

const formLogin = (bindings: Limits, network: string, email: string, attempt: Attempt = {}) =>
  call('POST', '/api/v1/auth/login', {
    form: { username: email, password: PASSWORD, ...attempt },
    headers: { 'cf-connecting-ip': network },
    bindings,
  })

/** A user with `PASSWORD`. All share one hash, because hashing is slow. */
async function owner() {
  const person = await registerPlayer()
  await env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind(passwordHash, person.id).run()
  return person
}

/** The token of a device that logged in some time ago. */
const deviceOf = (email: string, now = Date.now()): string => newDeviceToken(testContext(now), email)

/** Wrong passwords from many networks, until every unknown device is refused. */
async function attack(bindings: Limits, email: string): Promise<number> {
  for (let attempts = 0; ; attempts++) {
    const network = `198.51.100.${Math.floor(attempts / LIMIT)}`
    const { status } = await login(bindings, network, email, { password: 'a wrong password' })
    if (status === 429) return attempts
    expect(status).toBe(401)
  }
}

describe('wrong passwords from one network', () => {
  it('are refused after the limit, before any password is hashed', async () => {
    const { email } = await owner()
    const bindings = limits()
    for (let attempt = 0; attempt < LIMIT; attempt++) {
      expect((await login(bindings, ELSEWHERE, email, { password: 'wrong' })).status).toBe(401)
    }
    const scrypt = vi.spyOn(crypto, 'scrypt')
    const { status, headers } = await login(bindings, ELSEWHERE, email)
    expect(status).toBe(429)
    expect(headers.get('retry-after')).toBe('60')
    expect(scrypt).not.toHaveBeenCalled()
  })

  it('do not lock out the owner, who logs in from another network', async () => {
    const { email } = await owner()
    const bindings = limits()
    for (let attempt = 0; attempt < 2 * TOTAL_LIMIT; attempt++) {
      await login(bindings, ELSEWHERE, email, { password: 'wrong' })
    }
    expect((await login(bindings, HOME, email)).status).toBe(200)
  })

  it('do not lock out a known device in the same network', async () => {
    const { email } = await owner()
    const device_token = deviceOf(email)
    const bindings = limits()
    for (let attempt = 0; attempt < 2 * TOTAL_LIMIT; attempt++) {
      await login(bindings, HOME, email, { password: 'wrong' })
    }
    expect((await login(bindings, HOME, email)).status).toBe(429)
    expect((await login(bindings, HOME, email, { device_token })).status).toBe(200)
  })

  it('are refused after a higher limit, if each is for another address', async () => {
    const bindings = limits()
    const statuses: number[] = []
    for (let attempt = 0; attempt <= TOTAL_LIMIT; attempt++) {
      statuses.push((await login(bindings, ELSEWHERE, uniqueEmail())).status)
    }
    expect(statuses).toEqual([...Array(TOTAL_LIMIT).fill(401), 429])
  })
})

describe('wrong passwords from many networks', () => {
  it('are slowed to the total for one address', async () => {
    const { email } = await owner()
    expect(await attack(limits(), email)).toBe(TOTAL_LIMIT)
  })

  it.each([
    ['JSON', login],
    ['the form', formLogin],
  ])('do not lock out a known device that sends %s', async (_, logIn) => {
    const { email } = await owner()
    const { body } = await logIn(limits(), HOME, email)
    const bindings = limits()
    await attack(bindings, email)
    const { status, body: next } = await logIn(bindings, ELSEWHERE, email, {
      device_token: body.device_token,
    })
    expect(status).toBe(200)
    expect((await logIn(bindings, HOME, email, { device_token: next.device_token })).status).toBe(200)
  })

  it('do not lock out the owner of another address', async () => {
    const [victim, other] = [await owner(), await owner()]
    const bindings = limits()
    await attack(bindings, victim.email)
    expect((await login(bindings, HOME, other.email)).status).toBe(200)
  })
})

describe('a known device', () => {
  it('has a limit of its own', async () => {
    const { email } = await owner()
    const device_token = deviceOf(email)
    const bindings = limits()
    const statuses: number[] = []
    for (let attempt = 0; attempt <= LIMIT; attempt++) {
      const network = `203.0.113.${attempt}`
      statuses.push((await login(bindings, network, email, { device_token, password: 'wrong' })).status)
    }
    expect(statuses).toEqual([...Array(LIMIT).fill(401), 429])
  })

  it('still needs the right password', async () => {
    const { email } = await owner()
    const device_token = deviceOf(email)
    expect((await login(limits(), HOME, email, { device_token, password: 'wrong' })).status).toBe(401)
  })

  it.each<[what: string, tokenFor: (email: string) => string]>([
    ['of another address', () => deviceOf(uniqueEmail())],
    ['with a changed id', (email) => `AAAA${deviceOf(email).slice(4)}`],
    ['with a changed signature', (email) => `${deviceOf(email).slice(0, -4)}AAAA`],
    ['with a later expiry', (email) => deviceOf(email).replace(/\.\d/, '.9')],
    ['that has expired', (email) => deviceOf(email, Date.now() - 181 * DAY_MS)],
    ['that was never one', () => 'a-known-device'],
  ])('is not one with a token %s', async (_, tokenFor) => {
    const { email } = await owner()
    const device_token = tokenFor(email)
    const bindings = limits()
    await attack(bindings, email)
    expect((await login(bindings, HOME, email, { device_token })).status).toBe(429)
  })

  it('logs in like any other device, if its token is useless', async () => {
    const { email } = await owner()
    expect((await login(limits(), HOME, email, { device_token: 'a-known-device' })).status).toBe(200)
  })
})

describe('the keys of the limits', () => {
  it('do not contain the e-mail address', async () => {
    const keys: string[] = []
    const recording: RateLimit = { limit: async ({ key }) => ({ success: keys.push(key) > 0 }) }
    const email = uniqueEmail()
    await login({ RATE_SIGN_IN: recording, RATE_SIGN_IN_TOTAL: recording }, HOME, email)
    expect(keys).toHaveLength(3)
    expect(keys.join()).not.toContain(email)
  })
})
