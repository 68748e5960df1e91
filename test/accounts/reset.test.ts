import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { protectedRoutes } from '../harness/auth-battery.ts'
import { call } from '../harness/client.ts'
import { forgetfulDatabase } from '../harness/faults.ts'
import { limiter } from '../harness/limiter.ts'
import { logged } from '../harness/log.ts'
import { registerPlayer, signIn, uniqueEmail, userIdOf } from '../harness/people.ts'
import { respellings } from '../harness/respell.ts'
import { at, HOUR, MINUTE, NOW, sweep, useClock } from '../raffles/scenario.ts'
import { emptyOutbox, mailsTo, outboxOf, tokenIn } from './mail/mailbox.ts'

const PASSWORD = 'correct horse battery'
const NEW_PASSWORD = 'staple battery horse'
const DAY = 24 * HOUR
const UNKNOWN_TOKEN = 'A'.repeat(43)

const post = (path: string, body: unknown, more = {}) =>
  call('POST', `/api/v1/auth${path}`, { body, ...more })
const login = (email: string, password: string) => post('/login', { email, password })
const forgot = (email: string) => post('/forgot', { email })
const reset = (token: string, password = NEW_PASSWORD, more = {}) => post('/reset', { token, password }, more)
const tokensOf = async (userId: string, kind: string) =>
  (
    await env.DB.prepare('SELECT * FROM email_tokens WHERE user_id = ? AND kind = ?')
      .bind(userId, kind)
      .all<{ hash: string; used_at: number | null }>()
  ).results

async function register(more: Record<string, unknown> = {}) {
  const email = uniqueEmail()
  const { status } = await post('/register', { email, password: PASSWORD, name: 'Amina', ...more })
  expect(status).toBe(201)
  return { id: await userIdOf(email), email }
}

/** Requests a mail, runs the sweep that sends it, and returns its token. */
async function tokenFor(email: string): Promise<string> {
  expect((await forgot(email)).status).toBe(204)
  await sweep()
  return tokenIn((await mailsTo(email)).at(-1)!)
}

useClock()
beforeEach(emptyOutbox)

describe('a password reset', () => {
  it('sets a new password with the token from a mail, and the old password stops working', async () => {
    const { email } = await register()
    expect((await reset(await tokenFor(email))).status).toBe(204)
    expect((await login(email, PASSWORD)).status).toBe(401)
    expect((await login(email, NEW_PASSWORD)).status).toBe(200)
  })

  it('ends every session', async () => {
    const { id, email } = await register()
    const { token } = await signIn(id)
    const { body } = await login(email, PASSWORD)
    expect((await reset(await tokenFor(email))).status).toBe(204)
    expect((await post('/refresh', { refresh_token: body.refresh_token })).status).toBe(401)
    const changed = { currentPassword: NEW_PASSWORD, newPassword: PASSWORD }
    expect((await post('/password', changed, { token })).status).toBe(401)
  })

  it('has the same response and as many writes for an unknown address', async () => {
    const { id, email } = await register()
    const stranger = uniqueEmail()
    const counts = async () => {
      const count =
        'SELECT (SELECT count(*) FROM mails) AS mails, (SELECT count(*) FROM email_tokens) AS tokens'
      return (await env.DB.prepare(count).first<{ mails: number; tokens: number }>())!
    }
    const before = await counts()
    const known = await forgot(email)
    const between = await counts()
    const unknown = await forgot(stranger)
    const after = await counts()
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body])
    expect(after.mails - between.mails).toBe(between.mails - before.mails)
    expect(after.tokens - between.tokens).toBe(between.tokens - before.tokens)
    await sweep()
    expect(await mailsTo(stranger)).toEqual([])
    expect(await outboxOf(id, 'reset_password')).toHaveLength(1)
  })

  it('sends no mail to a suspended user', async () => {
    const { email } = await registerPlayer({ status: 'suspended' })
    expect((await forgot(email)).status).toBe(204)
    await sweep()
    expect(await mailsTo(email)).toEqual([])
  })

  it('sends at most one mail a minute', async () => {
    const { id, email } = await register()
    for (let request = 0; request < 3; request++) expect((await forgot(email)).status).toBe(204)
    expect(await outboxOf(id, 'reset_password')).toHaveLength(1)
    at(NOW + MINUTE)
    await forgot(email)
    expect(await outboxOf(id, 'reset_password')).toHaveLength(2)
    expect(await tokensOf(id, 'reset')).toHaveLength(2)
  })

  it('sends after five mails within a day one an hour, so that nobody floods an address', async () => {
    const { id, email } = await register()
    const mailsAfter = async (ms: number) => {
      at(NOW + ms)
      expect((await forgot(email)).status).toBe(204)
      return (await outboxOf(id, 'reset_password')).length
    }
    for (let request = 0; request < 5; request++) expect(await mailsAfter(request * MINUTE)).toBe(request + 1)
    expect(await mailsAfter(5 * MINUTE)).toBe(5)
    expect(await mailsAfter(63 * MINUTE)).toBe(5)
    expect(await mailsAfter(64 * MINUTE)).toBe(6)
    expect(await mailsAfter(65 * MINUTE)).toBe(6)
  })

  it('is rate-limited by network, so that nobody refuses it to the owner of the address', async () => {
    const bindings = { RATE_REGISTER: limiter(1) }
    const { email } = await register()
    const forgotFrom = async (network: string) =>
      (await post('/forgot', { email }, { bindings, headers: { 'cf-connecting-ip': network } })).status
    expect([await forgotFrom('198.51.100.7'), await forgotFrom('198.51.100.7')]).toEqual([204, 429])
    expect(await forgotFrom('203.0.113.1')).toBe(204)
  })
})

describe('a reset token', () => {
  it('works once', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    expect((await reset(token)).status).toBe(204)
    const again = await reset(token, 'another password of mine')
    expect(again.status).toBe(422)
    expect(again.body.errors[0].path).toBe('token')
    expect((await login(email, NEW_PASSWORD)).status).toBe(200)
  })

  it('has one spelling', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    for (const other of respellings(token)) expect((await reset(other)).status, other).toBe(422)
    expect((await reset(token)).status).toBe(204)
  })

  it('works for one of several requests at the same time', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    const passwords = ['first of passwords', 'second of passwords', 'third of passwords']
    const answers = await Promise.all(passwords.map((password) => reset(token, password)))
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422, 422])
    const winner = passwords[answers.findIndex(({ status }) => status === 204)]!
    expect((await login(email, winner)).status).toBe(200)
  })

  it('works if the database’s response is lost', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    const { DB, lost } = forgetfulDatabase(env.DB, 1)
    expect((await reset(token, NEW_PASSWORD, { bindings: { DB } })).status).toBe(204)
    expect(lost()).toBe(1)
    expect((await login(email, NEW_PASSWORD)).status).toBe(200)
  })

  it('works for an hour', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    at(NOW + HOUR)
    expect((await reset(token)).status).toBe(422)
    at(NOW + HOUR - 1)
    expect((await reset(token)).status).toBe(204)
  })

  it('is void once another token was used or the password was changed', async () => {
    const { id, email } = await register()
    const first = await tokenFor(email)
    at(NOW + MINUTE)
    const second = await tokenFor(email)
    expect((await reset(second)).status).toBe(204)
    expect((await reset(first)).status).toBe(422)
    at(NOW + 2 * MINUTE)
    const third = await tokenFor(email)
    const { token } = await signIn(id)
    const change = { currentPassword: NEW_PASSWORD, newPassword: PASSWORD }
    expect((await post('/password', change, { token })).status).toBe(204)
    expect((await reset(third)).status).toBe(422)
  })

  it('is stored only as a hash', async () => {
    const { id, email } = await register()
    const token = await tokenFor(email)
    const rows = [await outboxOf(id), await tokensOf(id, 'reset')]
    expect(JSON.stringify(rows)).not.toContain(token)
    expect((await tokensOf(id, 'reset'))[0]!.hash).toMatch(/^[\w-]{43}$/)
  })

  it('cannot replace a token of another kind, and an unknown token does nothing', async () => {
    const { email } = await register()
    await sweep()
    const verify = tokenIn((await mailsTo(email))[0]!)
    for (const token of [verify, UNKNOWN_TOKEN]) expect((await reset(token)).status).toBe(422)
    const other = await tokenFor(email)
    for (const token of [other, UNKNOWN_TOKEN])
      expect((await post('/verify-email', { token })).status).toBe(422)
  })

  it.each([
    [{ token: UNKNOWN_TOKEN, password: 'short' }, 'password'],
    [{ token: 'x', password: NEW_PASSWORD }, 'token'],
    [{ password: NEW_PASSWORD }, 'token'],
  ])('is refused with 422 in %j', async (body, path) => {
    const answer = await post('/reset', body)
    expect(answer.status).toBe(422)
    expect(answer.body.errors[0].path).toBe(path)
  })

  it('does not set the e-mail address as password, and still works afterwards', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    expect((await reset(token, email)).body.errors[0].path).toBe('password')
    expect((await reset(token)).status).toBe(204)
  })
})

describe('an e-mail address', () => {
  const verified = async (id: string) => {
    const { token } = await signIn(id)
    return (await call('GET', '/api/v1/users/me', { token })).body.emailVerified
  }

  it('is verified once, with the token from the mail that follows registration', async () => {
    const { id, email } = await register()
    expect(await verified(id)).toBe(false)
    await sweep()
    const token = tokenIn((await mailsTo(email))[0]!)
    expect((await post('/verify-email', { token })).status).toBe(204)
    expect(await verified(id)).toBe(true)
    expect((await post('/verify-email', { token })).status).toBe(422)
  })

  it('gets no second mail of this kind if somebody registers with it again', async () => {
    const { id, email } = await register()
    expect((await post('/register', { email, password: PASSWORD, name: 'Eve' })).status).toBe(201)
    expect(await outboxOf(id, 'verify_email')).toHaveLength(1)
    expect(await tokensOf(id, 'verify')).toHaveLength(1)
  })

  it('cannot be verified with a token that is three days old', async () => {
    const { email } = await register()
    await sweep()
    const token = tokenIn((await mailsTo(email))[0]!)
    at(NOW + 3 * DAY)
    expect((await post('/verify-email', { token })).status).toBe(422)
  })

  it('gets another mail on request, at most one a minute, until it is verified', async () => {
    const { id, email } = await register()
    const { token } = await signIn(id)
    const resend = () => post('/verify-email/resend', undefined, { token })
    expect((await resend()).status).toBe(204)
    expect((await resend()).status).toBe(204)
    await sweep()
    const [first, second, ...more] = await mailsTo(email)
    expect(more).toEqual([])
    expect((await post('/verify-email', { token: tokenIn(second!) })).status).toBe(204)
    expect((await post('/verify-email', { token: tokenIn(first!) })).status).toBe(422)
    expect((await resend()).body.code).toBe('invalid_state')
  })
})

describe('a request for another mail to verify an address', () => {
  it('is answered after five mails within a day once an hour: the address may be a stranger’s', async () => {
    const { id } = await register()
    const { token } = await signIn(id)
    for (let request = 0; request < 8; request++) {
      at(NOW + request * MINUTE)
      expect((await post('/verify-email/resend', undefined, { token })).status).toBe(204)
    }
    // The mail of the registration is one more.
    expect(await outboxOf(id, 'verify_email')).toHaveLength(6)
  })
})

describe('the language of a user', () => {
  it('is used for mails, whether chosen at registration or later; the default is English', async () => {
    const spanish = await register({ language: 'es' })
    const english = await register()
    const other = await register()
    const { token } = await signIn(other.id)
    const { body } = await call('PUT', '/api/v1/users/me', { token, body: { language: 'es' } })
    expect(body.language).toBe('es')
    await sweep()
    const titles = await Promise.all(
      [spanish, english, other].map(async ({ email }) => (await mailsTo(email))[0]!.title),
    )
    const es = 'Verifica tu dirección de correo'
    expect(titles).toEqual([es, 'Verify your e-mail address', es])
  })
})

describe('the log', () => {
  it('contains no address and no token', async () => {
    const { email } = await register()
    const token = await tokenFor(email)
    await reset(token)
    const log = JSON.stringify(logged())
    expect(log).not.toContain(email)
    expect(log).not.toContain(token)
  })
})

protectedRoutes([{ method: 'POST', path: '/api/v1/auth/verify-email/resend' }])
