import { env } from 'cloudflare:workers'
import crypto from 'node:crypto'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { hashPassword } from '../../src/accounts/password.ts'
import { call } from '../harness/client.ts'
import { registerPlayer, uniqueEmail } from '../harness/people.ts'

const PASSWORD = 'correct horse battery'
let passwordHash: string

beforeAll(async () => {
  passwordHash = await hashPassword(PASSWORD)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A user with `PASSWORD`. All share one hash, because hashing is slow. */
async function userWithPassword(options: Parameters<typeof registerPlayer>[0] = {}) {
  const person = await registerPlayer(options)
  await setHash(person.id, passwordHash)
  return person
}

const setHash = (id: string, hash: string) =>
  env.DB.prepare('UPDATE users SET password_hash = ? WHERE id = ?').bind(hash, id).run()

const login = (email: string, password = PASSWORD) =>
  call('POST', '/api/v1/auth/login', { body: { email, password } })

const formLogin = (form: Record<string, string> | URLSearchParams) =>
  call('POST', '/api/v1/auth/login', { form })

describe('logging in', () => {
  it('returns a working access token, in a response that caches must not store', async () => {
    const { id, email } = await userWithPassword()
    const { status, body, headers } = await login(email)
    expect(status).toBe(200)
    expect(headers.get('cache-control')).toBe('no-store')
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 900 })
    const me = await call('GET', '/api/v1/users/me', { token: body.access_token })
    expect(me.body.id).toBe(id)
  })

  it('accepts the address in any case and with spaces around it', async () => {
    const { email } = await userWithPassword()
    expect((await login(` ${email.toUpperCase()} `)).status).toBe(200)
  })

  it('accepts a password in any Unicode form', async () => {
    const person = await registerPlayer()
    await setHash(person.id, await hashPassword('caf\u00e9 caf\u00e9 caf\u00e9'))
    expect((await login(person.email, 'cafe\u0301 cafe\u0301 cafe\u0301')).status).toBe(200)
  })

  it('opens a new session each time', async () => {
    const { email } = await userWithPassword()
    const [one, two] = await Promise.all([login(email), login(email)])
    await call('POST', '/api/v1/auth/logout', { token: one.body.access_token })
    const refreshed = await call('POST', '/api/v1/auth/refresh', {
      body: { refresh_token: two.body.refresh_token },
    })
    expect(refreshed.status).toBe(200)
  })

  it('stores only a hash of the refresh token', async () => {
    const { id, email } = await userWithPassword()
    const { body } = await login(email)
    const rows = await env.DB.prepare('SELECT * FROM sessions WHERE user_id = ?').bind(id).all()
    expect(JSON.stringify(rows.results)).not.toContain(body.refresh_token.slice(0, 16))
    expect(JSON.stringify(rows.results)).not.toContain(body.refresh_token.slice(-16))
  })
})

describe('logging in with the form of OAuth 2', () => {
  it('returns tokens with or without grant_type, and ignores other fields', async () => {
    const { email } = await userWithPassword()
    const plain = await formLogin({ username: email, password: PASSWORD })
    const full = await formLogin({
      grant_type: 'password',
      username: email,
      password: PASSWORD,
      scope: '',
      client_id: 'app',
    })
    expect([plain.status, full.status]).toEqual([200, 200])
    expect(full.headers.get('cache-control')).toBe('no-store')
  })

  it.each([
    ['a wrong password', { password: 'wrong' }, 'invalid_grant'],
    ['an unknown address', { username: 'nobody@example.com' }, 'invalid_grant'],
    ['another grant', { grant_type: 'client_credentials' }, 'unsupported_grant_type'],
    ['an empty password', { password: '' }, 'invalid_request'],
    ['a user name that is not an address', { username: 'nobody' }, 'invalid_request'],
  ])('returns errors in the format of the standard: %s', async (_, fields, error) => {
    const { email } = await userWithPassword()
    const { status, body, headers } = await formLogin({ username: email, password: PASSWORD, ...fields })
    expect(status).toBe(400)
    expect(body.error).toBe(error)
    expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(headers.get('cache-control')).toBe('no-store')
  })

  it('refuses a parameter that is sent twice', async () => {
    const { email } = await userWithPassword()
    const form = new URLSearchParams({ username: email, password: PASSWORD })
    form.append('username', 'somebody@example.com')
    expect((await formLogin(form)).body.error).toBe('invalid_request')
  })

  it('is rate-limited too, with a problem document', async () => {
    const { status, body } = await call('POST', '/api/v1/auth/login', {
      form: { username: 'a@example.com', password: 'x' },
      bindings: { RATE_SIGN_IN: { limit: async () => ({ success: false }) } },
    })
    expect(status).toBe(429)
    expect(body.code).toBe('rate_limited')
  })
})

describe('logging in does not reveal who is registered', () => {
  it('returns the same for a wrong password and an unknown address', async () => {
    const { email } = await userWithPassword()
    const wrong = await login(email, 'not the password')
    const unknown = await login(uniqueEmail(), 'not the password')
    expect(wrong.status).toBe(401)
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' })
  })

  it('does the same work for both: one scrypt with the same parameters', async () => {
    const { email } = await userWithPassword()
    const scrypt = vi.spyOn(crypto, 'scrypt')
    await login(email, 'not the password')
    await login(uniqueEmail(), 'not the password')
    expect(scrypt).toHaveBeenCalledTimes(2)
    const [known, unknown] = scrypt.mock.calls
    expect(unknown?.[3]).toEqual(known?.[3])
  })

  it('mentions a suspension only after the right password', async () => {
    const { email } = await userWithPassword({ status: 'suspended' })
    const right = await login(email)
    const wrong = await login(email, 'not the password')
    expect([right.status, wrong.status]).toEqual([401, 401])
    expect(right.body.detail).toContain('suspended')
    expect(wrong.body.detail).not.toContain('suspended')
  })
})

describe('the parameters of a password hash', () => {
  const weak = async (password: string): Promise<string> => {
    const salt = Buffer.from('0123456789abcdef')
    const key = crypto.scryptSync(password, salt, 32, { N: 2 ** 10, r: 8, p: 1 })
    return `scrypt$10$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`
  }
  const hashOf = async (id: string) =>
    (await env.DB.prepare('SELECT password_hash AS hash FROM users WHERE id = ?')
      .bind(id)
      .first<{ hash: string }>())!.hash

  it('are updated at the next login, and the password still works', async () => {
    const { id, email } = await registerPlayer()
    await setHash(id, await weak(PASSWORD))
    expect((await login(email)).status).toBe(200)
    expect(await hashOf(id)).toMatch(/^scrypt\$14\$8\$5\$/)
    expect((await login(email)).status).toBe(200)
  })

  it('do not change if the password is wrong', async () => {
    const { id, email } = await registerPlayer()
    const hash = await weak(PASSWORD)
    await setHash(id, hash)
    expect((await login(email, 'not the password')).status).toBe(401)
    expect(await hashOf(id)).toBe(hash)
  })
})

describe('a login that races with another change', () => {
  it.each([
    ['a suspension', "UPDATE users SET status = 'suspended' WHERE id = ?"],
    ['a password change', "UPDATE users SET password_hash = 'scrypt$14$8$5$AAAA$AAAA' WHERE id = ?"],
  ])('opens no session after %s during the hashing', async (_, statement) => {
    const { id, email } = await userWithPassword()
    const scrypt = crypto.scrypt
    vi.spyOn(crypto, 'scrypt').mockImplementationOnce(((...args: Parameters<typeof scrypt>) => {
      const done = args[4]
      args[4] = (error, key) => {
        void env.DB.prepare(statement)
          .bind(id)
          .run()
          .then(() => done(error, key))
      }
      scrypt(...args)
    }) as typeof scrypt)
    expect((await login(email)).status).toBe(401)
    const { n } = (await env.DB.prepare(
      'SELECT count(*) AS n FROM sessions WHERE user_id = ? AND family_hash <> id',
    )
      .bind(id)
      .first<{ n: number }>())!
    expect(n).toBe(0)
  })
})
