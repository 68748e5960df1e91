import { env } from 'cloudflare:workers'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openSession } from '../../src/accounts/open-session.ts'
import { hashPassword } from '../../src/accounts/password.ts'
import { purgeSessions } from '../../src/accounts/purge-sessions.ts'
import { DAY_MS, SECOND_MS } from '../../src/core/time.ts'
import { forge, protectedRoutes } from '../harness/auth-battery.ts'
import { call } from '../harness/client.ts'
import { registerPlayer, signedInAdmin, signIn, testContext } from '../harness/people.ts'

const PASSWORD = 'correct horse battery'
const NEW_PASSWORD = 'another horse entirely'
let passwordHash: string

beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD)
})

afterEach(() => vi.useRealTimers())

/** A user with one session and a real refresh token, like after a login. */
async function userWithSession(now = Date.now()) {
  const person = await registerPlayer()
  await env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind(passwordHash, person.id).run()
  const tokens = await openSession(testContext(now), person.id, passwordHash)
  return { ...person, tokens: tokens! }
}

const refresh = (refreshToken: string) =>
  call('POST', '/api/v1/auth/refresh', { body: { refresh_token: refreshToken } })

const changePassword = (token: string, body: Record<string, string> = {}) =>
  call('POST', '/api/v1/auth/password', {
    token,
    body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD, ...body },
  })

describe('refreshing', () => {
  it('returns a new pair of tokens of the same session', async () => {
    const { id, tokens } = await userWithSession()
    const { status, body, headers } = await refresh(tokens.refresh_token)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body.refresh_token).not.toBe(tokens.refresh_token)
    const me = await call('GET', '/api/v1/users/me', { token: body.access_token })
    expect(me.body.id).toBe(id)
  })

  it('works again with each new token', async () => {
    const { tokens } = await userWithSession()
    let token = tokens.refresh_token
    for (let turn = 0; turn < 3; turn++) {
      const { status, body } = await refresh(token)
      expect(status).toBe(200)
      token = body.refresh_token
    }
  })

  it('with a used token returns the same next token for half a minute, and repeats do not prolong it', async () => {
    const { tokens } = await userWithSession()
    const start = Date.now()
    vi.useFakeTimers({ toFake: ['Date'], now: start })
    const second = await refresh(tokens.refresh_token)
    for (const ms of [1, 20 * SECOND_MS, 30 * SECOND_MS - 1]) {
      vi.setSystemTime(start + ms)
      const { status, body } = await refresh(tokens.refresh_token)
      expect([status, body.refresh_token]).toEqual([200, second.body.refresh_token])
    }
    vi.setSystemTime(start + 30 * SECOND_MS)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect((await refresh(second.body.refresh_token)).status).toBe(401)
  })

  it('with a used token ends the whole session once the next token was used, including its newest token', async () => {
    const { tokens } = await userWithSession()
    const second = await refresh(tokens.refresh_token)
    const third = await refresh(second.body.refresh_token)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    for (const { body } of [second, third]) expect((await refresh(body.refresh_token)).status).toBe(401)
  })

  it('with a used token returns nothing once the session has ended or its user is suspended', async () => {
    const { tokens } = await userWithSession()
    const { body } = await refresh(tokens.refresh_token)
    await call('POST', '/api/v1/auth/logout', { token: body.access_token })
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    const other = await userWithSession()
    await refresh(other.tokens.refresh_token)
    await env.DB.prepare("UPDATE users SET status = 'suspended' WHERE id = ?").bind(other.id).run()
    expect((await refresh(other.tokens.refresh_token)).status).toBe(401)
  })

  it('stores neither the used token nor the next one', async () => {
    const { id, tokens } = await userWithSession()
    const { body } = await refresh(tokens.refresh_token)
    const stored = await env.DB.prepare('SELECT * FROM sessions WHERE user_id = ?').bind(id).all()
    for (const token of [tokens.refresh_token, body.refresh_token]) {
      expect(JSON.stringify(stored.results)).not.toContain(token.slice(-40))
    }
  })

  it('with a used token does not end other sessions of the user', async () => {
    const { id, tokens } = await userWithSession()
    const other = await openSession(testContext(), id, passwordHash)
    const second = await refresh(tokens.refresh_token)
    await refresh(second.body.refresh_token)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect((await refresh(other!.refresh_token)).status).toBe(200)
  })

  it('gives several requests with one token at the same time the same next token', async () => {
    const { tokens } = await userWithSession()
    const answers = await Promise.all(Array.from({ length: 6 }, () => refresh(tokens.refresh_token)))
    expect(answers.map((each) => each.status)).toEqual([200, 200, 200, 200, 200, 200])
    expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1)
    expect((await refresh(answers[0]!.body.refresh_token)).status).toBe(200)
  })

  it('with a guessed token ends no session', async () => {
    const { tokens } = await userWithSession()
    const bytes = Buffer.from(tokens.refresh_token, 'base64url')
    bytes.fill(7, 0, 16)
    expect((await refresh(bytes.toString('base64url'))).status).toBe(401)
    expect((await refresh(tokens.refresh_token)).status).toBe(200)
  })

  it('refuses text that was never a token', async () => {
    const { tokens } = await userWithSession()
    for (const bad of [
      'x',
      `${tokens.refresh_token}=`,
      `${tokens.refresh_token}A`,
      tokens.access_token.slice(0, 64),
    ]) {
      expect((await refresh(bad)).status).toBe(401)
    }
  })

  it('refuses an expired session', async () => {
    const { tokens } = await userWithSession(Date.now() - 31 * DAY_MS)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
  })

  it('refuses a suspended user, even if the session is not revoked', async () => {
    const { id, tokens } = await userWithSession()
    await env.DB.prepare("UPDATE users SET status = 'suspended' WHERE id = ?").bind(id).run()
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
  })
})

describe('an access token', () => {
  const me = (token: string) => call('GET', '/api/v1/users/me', { token })

  it('may come from a clock that is a few seconds ahead, and not from the future', async () => {
    const person = await registerPlayer()
    const now = Math.floor(Date.now() / SECOND_MS)
    const signedAt = (iat: number) => forge(person, { claims: { iat, exp: iat + 900 } })
    expect((await me(await signedAt(now + 20))).status).toBe(200)
    expect((await me(await signedAt(now + 60))).status).toBe(401)
  })
})

describe('a logout', () => {
  it('ends the refresh token and the access token', async () => {
    const { tokens } = await userWithSession()
    const token = tokens.access_token
    expect((await call('POST', '/api/v1/auth/logout', { token })).status).toBe(204)
    expect((await refresh(tokens.refresh_token)).status).toBe(401)
    expect((await call('PUT', '/api/v1/users/me', { token, body: { name: 'X' } })).status).toBe(401)
  })

  it('does not end other sessions', async () => {
    const { id, token } = await registerPlayer()
    const other = await signIn(id)
    await call('POST', '/api/v1/auth/logout', { token })
    const { status } = await call('PUT', '/api/v1/users/me', { token: other.token, body: { name: 'X' } })
    expect(status).toBe(200)
  })
})

describe('changing the password', () => {
  it('makes the new password work and the old one fail', async () => {
    const { email, token } = await userWithSession()
    expect((await changePassword(token)).status).toBe(204)
    const login = (password: string) => call('POST', '/api/v1/auth/login', { body: { email, password } })
    expect((await login(PASSWORD)).status).toBe(401)
    expect((await login(NEW_PASSWORD)).status).toBe(200)
  })

  it('ends every session but this one', async () => {
    const { id, tokens, token } = await userWithSession()
    const other = await openSession(testContext(), id, passwordHash)
    expect((await changePassword(tokens.access_token)).status).toBe(204)
    expect((await refresh(other!.refresh_token)).status).toBe(401)
    expect((await call('PUT', '/api/v1/users/me', { token, body: {} })).status).toBe(401)
    expect((await refresh(tokens.refresh_token)).status).toBe(200)
  })

  it('succeeds for exactly one of two requests at the same time', async () => {
    const { id, tokens } = await userWithSession()
    const other = await openSession(testContext(), id, passwordHash)
    const answers = await Promise.all([
      changePassword(tokens.access_token, { newPassword: 'first horse of them' }),
      changePassword(other!.access_token, { newPassword: 'second horse of them' }),
    ])
    const statuses = answers.map((each) => each.status)
    expect(statuses.filter((status) => status === 204)).toHaveLength(1)
    // The winner may have changed the password (409 or 422) or ended the loser's session (401).
    expect(statuses.filter((status) => [401, 409, 422].includes(status))).toHaveLength(1)
  })

  it('refuses a wrong current password and changes nothing', async () => {
    const { email, token } = await userWithSession()
    const { status, body } = await changePassword(token, { currentPassword: 'not the password' })
    expect(status).toBe(422)
    expect(body.errors).toEqual([{ path: 'currentPassword', message: 'is not your password' }])
    const login = await call('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } })
    expect(login.status).toBe(200)
  })

  it('refuses the e-mail address, and a password that is too short', async () => {
    const { email, token } = await userWithSession()
    for (const newPassword of [email, 'too short']) {
      const { status, body } = await changePassword(token, { newPassword })
      expect(status).toBe(422)
      expect(body.errors[0].path).toBe('newPassword')
    }
  })

  it('is rate-limited per user', async () => {
    const { id, token } = await userWithSession()
    const keys: string[] = []
    const limit = async ({ key }: RateLimitOptions) => {
      keys.push(key)
      return { success: false }
    }
    const { status } = await call('POST', '/api/v1/auth/password', {
      token,
      body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD },
      bindings: { RATE_SIGN_IN: { limit } },
    })
    expect(status).toBe(429)
    expect(keys).toEqual([`user:${id}`])
  })
})

describe('expired sessions', () => {
  it('are deleted after a day, and live sessions are kept', async () => {
    const old = await userWithSession(Date.now() - 32 * DAY_MS)
    const recent = await userWithSession()
    expect(await purgeSessions(testContext())).toBeGreaterThan(0)
    expect((await refresh(old.tokens.refresh_token)).status).toBe(401)
    expect((await refresh(recent.tokens.refresh_token)).status).toBe(200)
    expect(await purgeSessions(testContext())).toBe(0)
  })

  it('count as signed out once their row is deleted', async () => {
    const { token, sessionId } = await signedInAdmin()
    await env.DB.prepare('DELETE FROM sessions WHERE id = ?').bind(sessionId).run()
    expect((await call('GET', '/api/v1/users', { token })).status).toBe(401)
  })
})

protectedRoutes([
  { method: 'POST', path: '/api/v1/auth/logout' },
  {
    method: 'POST',
    path: '/api/v1/auth/password',
    body: { currentPassword: PASSWORD, newPassword: NEW_PASSWORD },
  },
])
