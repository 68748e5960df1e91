import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { enqueueMail } from '../../../src/accounts/mail/enqueue-mail.ts'
import { MAX_MAIL_TRIES, sweepMails } from '../../../src/accounts/mail/sweep-mails.ts'
import type { Bindings } from '../../../src/core/context.ts'
import { newId } from '../../../src/core/ids.ts'
import { MAIL_READS } from '../../../src/cron.ts'
import { call } from '../../harness/client.ts'
import { expectLogged, logged, rowNotDone } from '../../harness/log.ts'
import { type Person, registerPlayer, testContext } from '../../harness/people.ts'
import { at, crashing, DAY, MINUTE, NOW, sweep, useClock } from '../../raffles/scenario.ts'
import { mailsTo, outboxOf } from './mailbox.ts'

const MAIL = {
  MAIL_URL: 'https://mail.example/emails',
  MAIL_KEY: 'a-bearer-key',
  MAIL_FROM: 'Tombola <post@tombola.example>',
  LOG_LEVEL: 'warn',
} as unknown as Partial<Bindings>

const PRODUCTION = {
  ENVIRONMENT: 'production',
  BEACON: 'quicknet',
  JWT_SECRET: 'a-secret-of-production-that-nobody-knows',
  SIGNING_KEY: '11'.repeat(32),
  PUBLIC_ORIGIN: 'https://raffles.example',
  LOG_LEVEL: 'warn',
} as unknown as Partial<Bindings>

/** Enqueues a mail to a new user. */
async function enqueued(options: { name?: string } = {}): Promise<Person> {
  const person = await registerPlayer(options)
  await enqueueTo(person, newId('refund'))
  return person
}

const enqueueTo = ({ id: to }: Person, subject: string) => {
  const data = { orderId: newId('order'), amount: 150_000, currency: 'KES' }
  return enqueueMail(testContext(), { to, subject, kind: 'refund_paid', data })
}

interface Posted {
  headers: Headers
  body: { from: string; to: string[]; subject: string; html: string; text: string }
}

/** A fake provider behind `fetch`: it gives its answers in turn and repeats the last one. */
function provider(...answers: (() => Response | Promise<Response>)[]): Posted[] {
  const posted: Posted[] = []
  vi.spyOn(globalThis, 'fetch').mockImplementation(async (input, init) => {
    expect(input).toBe('https://mail.example/emails')
    posted.push({ headers: new Headers(init!.headers), body: JSON.parse(String(init!.body)) })
    return (answers.length > 1 ? answers.shift()! : answers[0]!)()
  })
  return posted
}

const taken = () => Response.json({ id: '49a3999c-0ce1-4ea6-ab68-afcd6dc2e794' })
const failing = (status: number, name: string) => () =>
  Response.json({ statusCode: status, name, message: 'about somebody@example.com' }, { status })

useClock()

// Rows of earlier test files would send mails here.
beforeEach(async () => {
  await env.DB.batch(
    ['mails', 'dev_mails', 'notices', 'winners'].map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
  )
})

describe('the outbox', () => {
  it('holds one mail per cause', async () => {
    const person = await registerPlayer()
    const subject = newId('refund')
    await Promise.all([1, 2, 3].map(() => enqueueTo(person, subject)))
    expect(await outboxOf(person.id)).toHaveLength(1)
    await sweep()
    await sweep()
    await enqueueTo(person, subject)
    await sweep()
    expect(await mailsTo(person.email)).toHaveLength(1)
  })

  it('contains neither address nor name', async () => {
    const person = await enqueued({ name: 'Zuleika Outbox' })
    const row = JSON.stringify(await outboxOf(person.id))
    expect(row).not.toContain(person.email)
    expect(row).not.toContain('Zuleika')
  })

  it('is sent to the address and the name at the time of sending', async () => {
    const person = await enqueued()
    const email = `new-${person.email}`
    await env.DB.prepare('UPDATE users SET email = ?, name = ? WHERE id = ?')
      .bind(email, '<b>Zoë</b> & Co', person.id)
      .run()
    await sweep()
    const [mail] = await mailsTo(email)
    expect(mail!.text).toContain('Hello <b>Zoë</b> & Co,')
    expect(mail!.text).toContain('KES')
    expect(mail!.html).toContain('Hello &lt;b&gt;Zoë&lt;/b&gt; &amp; Co,')
    expect(mail!.html).not.toContain('<b>')
  })

  it('gives up a mail whose user was deleted', async () => {
    const person = await enqueued()
    await env.DB.prepare('DELETE FROM sessions WHERE user_id = ?').bind(person.id).run()
    await env.DB.prepare('DELETE FROM users WHERE id = ?').bind(person.id).run()
    await sweep()
    const [row] = await outboxOf(person.id)
    expect(row).toMatchObject({ due_at: null, sent_at: null, failure: 'no user to send it to' })
  })

  it('sends a mail that a user waits for before bulk mails', async () => {
    const many = await enqueued()
    await env.DB.prepare('UPDATE mails SET bulk = 1 WHERE user_id = ?').bind(many.id).run()
    at(NOW + 1)
    const one = await enqueued()
    const posted = provider(taken)
    await sweep(MAIL)
    expect(posted.map(({ body }) => body.to[0])).toEqual([one.email, many.email])
  })
})

describe('old mails', () => {
  it('are deleted after ninety days', async () => {
    const person = await registerPlayer()
    // The purge reads the lowest ids first, so no earlier row may be left.
    await env.DB.prepare('DELETE FROM mails').run()
    await enqueueTo(person, newId('refund'))
    await sweep()
    at(NOW + 90 * DAY)
    await sweep()
    expect(await outboxOf(person.id)).toHaveLength(1)
    at(NOW + 90 * DAY + 1)
    await sweep()
    expect(await outboxOf(person.id)).toEqual([])
    expect(await mailsTo(person.email)).toEqual([])
  })
})

describe('a provider', () => {
  it('gets a mail with our key, and the row’s id as idempotency key', async () => {
    const person = await enqueued()
    const posted = provider(taken)
    await sweep(MAIL)
    await sweep(MAIL)
    const [row] = await outboxOf(person.id)
    expect(posted).toHaveLength(1)
    const [{ headers, body }] = posted as [Posted]
    expect(headers.get('authorization')).toBe('Bearer a-bearer-key')
    expect(headers.get('idempotency-key')).toBe(row!.id)
    expect(body).toMatchObject({ from: 'Tombola <post@tombola.example>', to: [person.email] })
    expect(Object.keys(body).sort()).toEqual(['from', 'html', 'subject', 'text', 'to'])
    expect(row).toMatchObject({ due_at: null, sent_at: NOW, failure: null })
    expect(await mailsTo(person.email)).toEqual([])
  })

  it.each([
    ['is overloaded', failing(503, 'application_error')],
    ['asks to slow down', failing(429, 'rate_limit_exceeded')],
    ['does not know our key', failing(401, 'invalid_api_key')],
    ['is sending it already', failing(409, 'concurrent_idempotent_requests')],
    ['answers nonsense', () => new Response('<html>', { status: 502 })],
    ['does not answer', () => Promise.reject(new DOMException('too late', 'TimeoutError'))],
  ])('that %s gets the mail again later, with the same idempotency key', async (_, answer) => {
    const person = await enqueued()
    const posted = provider(answer, taken)
    await sweep(MAIL)
    await sweep(MAIL)
    expect(posted).toHaveLength(1)
    const [waiting] = await outboxOf(person.id)
    expect(waiting).toMatchObject({ due_at: NOW + MINUTE, tries: 1 })
    at(NOW + MINUTE)
    await sweep(MAIL)
    expect(posted).toHaveLength(2)
    expect(new Set(posted.map(({ headers }) => headers.get('idempotency-key'))).size).toBe(1)
    expect((await outboxOf(person.id))[0]).toMatchObject({ sent_at: NOW + MINUTE, failure: null })
  })

  it.each([
    [422, 'validation_error'],
    [400, 'invalid_parameter'],
    [409, 'invalid_idempotent_request'],
  ])('that refuses a mail with %i %s does not get it again', async (status, name) => {
    const person = await enqueued()
    expectLogged('mail given up')
    const posted = provider(failing(status, name))
    await sweep(MAIL)
    at(NOW + DAY)
    await sweep(MAIL)
    expect(posted).toHaveLength(1)
    expect((await outboxOf(person.id))[0]).toMatchObject({ due_at: null, failure: `HTTP ${status} ${name}` })
    const log = JSON.stringify(logged())
    expect(log).not.toContain('example.com')
  })

  it('gets six tries at growing intervals, then none', async () => {
    const person = await enqueued()
    expectLogged('mail given up')
    const posted = provider(failing(500, 'application_error'))
    const pauses: number[] = []
    for (let now = NOW; ; ) {
      await sweep(MAIL)
      const [row] = await outboxOf(person.id)
      if (row!.due_at === null) break
      pauses.push((row!.due_at - now) / MINUTE)
      now = row!.due_at
      at(now)
    }
    expect(pauses).toEqual([1, 4, 16, 64, 256])
    expect(posted).toHaveLength(MAX_MAIL_TRIES)
    expect((await outboxOf(person.id))[0]!.failure).toBe('HTTP 500 application_error')
  })

  it('gets a mail once from sweeps that run at the same time', async () => {
    const people = [await enqueued(), await enqueued(), await enqueued()]
    const posted = provider(taken)
    const ctx = () => ({ ...testContext(), settings: { ...testContext().settings, ...settingsOfMail } })
    const settingsOfMail = MAIL as unknown as { MAIL_URL: string; MAIL_KEY: string; MAIL_FROM: string }
    await Promise.all([
      sweepMails(ctx(), MAIL_READS),
      sweepMails(ctx(), MAIL_READS),
      sweepMails(ctx(), MAIL_READS),
    ])
    expect(posted.map(({ body }) => body.to[0]).sort()).toEqual(people.map(({ email }) => email).sort())
  })

  it('gets the same idempotency key again if the worker crashed before it recorded the sending', async () => {
    const person = await enqueued()
    expectLogged(rowNotDone('mail'))
    const posted = provider(taken)
    const { DB, done } = crashing(/update "mails" set "due_at" = \?, "sent_at"/i)
    await sweep({ ...MAIL, DB })
    expect(done()).toBe(true)
    await sweep(MAIL)
    expect(posted).toHaveLength(1)
    at(NOW + 5 * MINUTE)
    await sweep(MAIL)
    expect(posted.map(({ headers }) => headers.get('idempotency-key'))).toEqual(
      (await outboxOf(person.id)).flatMap(({ id }) => [id, id]),
    )
    expect((await outboxOf(person.id))[0]!.sent_at).toBe(NOW + 5 * MINUTE)
  })

  it('gets no mail if the worker crashes before it has claimed the row', async () => {
    const person = await enqueued()
    expectLogged(rowNotDone('mail'))
    const posted = provider(taken)
    const { DB } = crashing(/update "mails"/i)
    await sweep({ ...MAIL, DB })
    expect(posted).toHaveLength(0)
    await sweep(MAIL)
    expect(posted).toHaveLength(1)
    expect((await outboxOf(person.id))[0]!.sent_at).toBe(NOW)
  })
})

describe('production without a provider', () => {
  it('keeps mails waiting, logs a warning, and gives up mails that are too old', async () => {
    const person = await enqueued()
    expectLogged('mails wait: set MAIL_URL, MAIL_KEY and MAIL_FROM', 'mail given up')
    await sweep(PRODUCTION)
    expect(await mailsTo(person.email)).toEqual([])
    at(NOW + 3 * DAY)
    const posted = provider(taken)
    await sweep({ ...PRODUCTION, ...MAIL })
    expect(posted).toEqual([])
    expect((await outboxOf(person.id))[0]).toMatchObject({ due_at: null, failure: 'too late' })
  })
})

describe('the page of development mails', () => {
  it('shows mails with their recipients and links, escaped and without scripts', async () => {
    const person = await enqueued({ name: 'Amina <script>alert(1)</script>' })
    await enqueueMail(testContext(), { to: person.id, subject: person.id, kind: 'reset_password', data: {} })
    await sweep()
    const { status, body, headers } = await call('GET', `/dev/mail?to=${person.email}`)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/html/)
    expect(headers.get('content-security-policy')).toMatch(/default-src 'none'; style-src 'sha256-/)
    expect(body).toContain(person.email)
    expect(body).toContain('&lt;script&gt;')
    expect(body).not.toContain('<script')
    expect(body).toMatch(/<a href="http:\/\/localhost:8787\/reset-password#token=[\w-]{43}">/)
    expect(body).toContain('prefers-color-scheme: dark')

    const [mail] = await mailsTo(person.email)
    const shown = await call('GET', `/dev/mail/${mail!.id}`)
    expect(shown.body).toBe(mail!.html)
    expect(shown.headers.get('content-security-policy')).toContain("default-src 'none'")
  })

  it('shows the newest mails of everyone, and 404 for an unknown mail', async () => {
    const person = await enqueued()
    at(Date.now() + 1)
    await sweep()
    expect((await call('GET', '/dev/mail')).body).toContain(person.email)
    expect((await call('GET', '/dev/mail?to=nobody@example.com')).body).toContain('Nothing yet')
    expect((await call('GET', `/dev/mail/${newId('mail')}`)).status).toBe(404)
    expect((await call('GET', '/dev/mail/nonsense')).status).toBe(404)
  })

  it('returns 404 in production', async () => {
    const person = await enqueued()
    await sweep()
    const [mail] = await mailsTo(person.email)
    for (const path of ['/dev/mail', `/dev/mail/${mail!.id}`]) {
      expect((await call('GET', path, { bindings: PRODUCTION })).status).toBe(404)
    }
  })
})
