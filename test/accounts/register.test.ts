import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { call } from '../harness/client.ts'
import { registerPlayer, uniqueEmail } from '../harness/people.ts'

const PASSWORD = 'correct horse battery'

/** The full-width form of an ASCII letter, as East Asian keyboards type it. */
const fullWidth = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)

const register = (body: Record<string, unknown>) =>
  call('POST', '/api/v1/auth/register', {
    body: { email: uniqueEmail(), password: PASSWORD, name: 'Amina Wanjiru', ...body },
  })

describe('registering', () => {
  it('creates an active user who is not an admin and is shown by initials', async () => {
    const email = uniqueEmail()
    const { status, body, headers } = await register({ email, phone: '+254712345678' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/api/v1/users/me')
    expect(body).toMatchObject({
      email,
      name: 'Amina Wanjiru',
      phone: '+254712345678',
      role: 'user',
      status: 'active',
      winnerDisplay: 'initials',
    })
  })

  it('lets the new user log in', async () => {
    const email = uniqueEmail()
    await register({ email })
    const { status } = await call('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } })
    expect(status).toBe(200)
  })

  it('stores an e-mail address trimmed and in lower case', async () => {
    const email = uniqueEmail()
    const { body } = await register({ email: `  ${email.toUpperCase()} ` })
    expect(body.email).toBe(email)
  })

  it('stores a name in one Unicode form', async () => {
    const { body } = await register({ name: '  Zoe\u0301  ' })
    expect(body.name).toBe('Zo\u00e9')
  })

  it('stores no password, only a salted hash with its parameters', async () => {
    const { body } = await register({})
    const row = await env.DB.prepare('SELECT * FROM users WHERE id = ?')
      .bind(body.id)
      .first<{ password_hash: string }>()
    expect(row?.password_hash).toMatch(/^scrypt\$14\$8\$5\$[\w-]{22}\$[\w-]{43}$/)
    expect(JSON.stringify(row)).not.toContain(PASSWORD)
  })
})

describe('registering an address that is taken', () => {
  it('is a conflict, in any case', async () => {
    const { email } = await registerPlayer()
    const { status, body } = await register({ email: email.toUpperCase() })
    expect(status).toBe(409)
    expect(body.code).toBe('conflict')
    expect(JSON.stringify(body).toLowerCase()).not.toContain(email)
  })

  it('succeeds for exactly one of several requests at the same time', async () => {
    const email = uniqueEmail()
    const answers = await Promise.all(['A', 'B', 'C', 'D'].map((name) => register({ email, name })))
    expect(answers.map((each) => each.status).sort()).toEqual([201, 409, 409, 409])
    const { n } = (await env.DB.prepare('SELECT count(*) AS n FROM users WHERE email = ?')
      .bind(email)
      .first<{ n: number }>())!
    expect(n).toBe(1)
  })
})

describe('registering refuses', () => {
  const refused: [what: string, body: Record<string, unknown>, path: string][] = [
    ['an invalid address', { email: 'nobody' }, 'email'],
    ['a password of 11 characters', { password: 'a'.repeat(11) }, 'password'],
    ['a password of 129 characters', { password: 'a'.repeat(129) }, 'password'],
    ['an empty name', { name: '   ' }, 'name'],
    ['a name of 101 characters', { name: 'a'.repeat(101) }, 'name'],
    ['a name of two lines', { name: 'Amina\nAdmin' }, 'name'],
    ['a name that reorders the text around it', { name: 'Amina\u202enimdA' }, 'name'],
    ['a name without a letter', { name: '—' }, 'name'],
    ['a phone number without its country code', { phone: '0712345678' }, 'phone'],
    ['a role', { role: 'admin' }, 'role'],
  ]
  it.each(refused)('%s', async (_, body, path) => {
    const answer = await register(body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors.map((each: { path: string }) => each.path)).toContain(path)
  })

  it.each<[string, (email: string) => string]>([
    ['spaced and in capitals', (email) => ` ${email.toUpperCase()}`],
    ['in full-width letters', (email) => email.replace(/[!-~]/g, fullWidth)],
  ])('the e-mail address as password, %s', async (_, asPassword) => {
    const email = uniqueEmail()
    const { status, body } = await register({ email, password: asPassword(email) })
    expect(status).toBe(422)
    expect(body.errors[0].path).toBe('password')
  })

  it('more requests than the limit from one address, before any password is hashed', async () => {
    const { status, body } = await call('POST', '/api/v1/auth/register', {
      body: {},
      bindings: { RATE_REGISTER: { limit: async () => ({ success: false }) } },
    })
    expect(status).toBe(429)
    expect(body.code).toBe('rate_limited')
  })
})
