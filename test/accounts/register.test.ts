import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { type Answer, call } from '../harness/client.ts'
import { registerPlayer, uniqueEmail } from '../harness/people.ts'

const PASSWORD = 'correct horse battery'

/** The full-width form of an ASCII letter, as East Asian keyboards type it. */
const fullWidth = (letter: string) => String.fromCharCode(letter.charCodeAt(0) + 0xfee0)

const register = (body: Record<string, unknown>) =>
  call('POST', '/api/v1/auth/register', {
    body: { email: uniqueEmail(), password: PASSWORD, name: 'Amina Wanjiru', ...body },
  })

const logIn = (email: string, password: string) =>
  call('POST', '/api/v1/auth/login', { body: { email, password } })

/** The user's own account, read after a login as a client would. */
async function accountOf(email: string) {
  const { body } = await logIn(email, PASSWORD)
  return (await call('GET', '/api/v1/users/me', { token: body.access_token })).body
}

const rowOf = (email: string) =>
  env.DB.prepare('SELECT * FROM users WHERE email = ?').bind(email).first<Record<string, unknown>>()

describe('registering', () => {
  it('creates an active user who is not an admin and is shown by initials, and who may log in at once', async () => {
    const email = uniqueEmail()
    const { status, body, headers } = await register({ email, phone: '+254712345678' })
    expect(status).toBe(201)
    expect(headers.get('location')).toBe('/api/v1/users/me')
    expect(body).toEqual({
      email,
      name: 'Amina Wanjiru',
      phone: '+254712345678',
      language: null,
      message: 'A mail is on its way to this address.',
    })
    expect(await accountOf(email)).toMatchObject({
      email,
      emailVerified: false,
      name: 'Amina Wanjiru',
      phone: '+254712345678',
      role: 'user',
      status: 'active',
      winnerDisplay: 'initials',
    })
  })

  it('stores an e-mail address trimmed and in lower case', async () => {
    const email = uniqueEmail()
    const { body } = await register({ email: `  ${email.toUpperCase()} ` })
    expect(body.email).toBe(email)
    expect(await rowOf(email)).not.toBeNull()
  })

  it('has one account for an address, whichever way its domain is written', async () => {
    const local = `books&more/${uniqueEmail().split('@')[0]}`
    const email = `${local}@xn--bcher-kva.example`
    const { status, body } = await register({ email: `${local}@BÜCHER.example` })
    expect([status, body.email]).toEqual([201, email])
    expect((await accountOf(`${local}@bücher.example`)).email).toBe(email)
    await register({ email, name: 'Second' })
    expect(await rowOf(email)).toMatchObject({ name: 'Amina Wanjiru' })
  })

  it('stores a name in one Unicode form', async () => {
    const email = uniqueEmail()
    const { body } = await register({ email, name: '  Zoe\u0301  ' })
    expect(body.name).toBe('Zo\u00e9')
    expect(await rowOf(email)).toMatchObject({ name: 'Zo\u00e9' })
  })

  it('stores no password, only a salted hash with its parameters', async () => {
    const email = uniqueEmail()
    await register({ email })
    const row = await rowOf(email)
    expect(row?.password_hash).toMatch(/^scrypt\$14\$8\$5\$[\w-]{22}\$[\w-]{43}$/)
    expect(JSON.stringify(row)).not.toContain(PASSWORD)
  })
})

describe('registering an address that is taken', () => {
  /** What a stranger sees of an answer, without what differs from request to request. */
  const seen = ({ status, body, headers }: Answer) => ({
    status,
    body,
    headers: [...headers].filter(([name]) => name !== 'x-request-id'),
  })
  const own = { name: 'Stranger', phone: '+254700000001', language: 'es' }

  it.each<[string, { status?: 'suspended'; upper?: boolean }]>([
    ['in use', {}],
    ['of a suspended user', { status: 'suspended' }],
    ['in other letters', { upper: true }],
  ])('(%s) answers as for a free one, and changes nothing', async (_, { status, upper = false }) => {
    const { email } = await registerPlayer({ status, name: 'Owner', phone: '+254700000002' })
    const before = await rowOf(email)
    const taken = await register({ ...own, email: upper ? email.toUpperCase() : email })
    const free = await register({ ...own, email: email.replace('user', 'free') })
    expect(seen({ ...taken, body: { ...taken.body, email: free.body.email } })).toEqual(seen(free))
    expect(taken.body.email).toBe(email)
    expect(JSON.stringify(taken.body)).not.toContain('Owner')
    expect(await rowOf(email)).toEqual(before)
    expect((await logIn(email, PASSWORD)).body.detail).toBe('The e-mail address or the password is wrong.')
  })

  it('judges the password before, in the same words', async () => {
    const { email } = await registerPlayer()
    const weak = { ...own, password: 'password1234' }
    const [taken, free] = [await register({ ...weak, email }), await register(weak)]
    expect([taken.status, taken.body.errors]).toEqual([422, free.body.errors])
  })

  it('writes as many rows as for a free one, each time', async () => {
    const count = async () => {
      const tables = ['mails', 'email_tokens'].map((table) => `(SELECT count(*) FROM ${table})`)
      return env.DB.prepare(`SELECT ${tables.join(' + ')} AS n`).first<number>('n')
    }
    const { email } = await registerPlayer()
    const addresses = [uniqueEmail(), email, email, uniqueEmail()]
    const written: number[] = []
    for (const each of addresses) {
      const before = (await count())!
      await register({ email: each })
      written.push((await count())! - before)
    }
    expect(written).toEqual([2, 2, 2, 2])
  })

  it('creates one user for several requests at the same time, and answers all alike', async () => {
    const email = uniqueEmail()
    const answers = await Promise.all(['A', 'B', 'C', 'D'].map((name) => register({ email, name })))
    expect(answers.map((each) => each.status)).toEqual([201, 201, 201, 201])
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
