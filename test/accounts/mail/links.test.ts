import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { MailKind, Told } from '../../../src/accounts/mail/kinds.ts'
import { renderMail } from '../../../src/accounts/mail/render-mail.ts'
import { LANGUAGES } from '../../../src/accounts/schema.ts'
import { newId } from '../../../src/core/ids.ts'
import { call } from '../../harness/client.ts'
import { testSettings } from '../../harness/people.ts'
import { NOW } from '../../raffles/scenario.ts'

const raffle = { raffleId: newId('raffle'), title: 'Signed first editions' }
const event = {
  eventId: newId('event'),
  title: 'Jazz at the Lake',
  startsAt: NOW,
  timeZone: 'Africa/Nairobi',
  reason: 'A storm is forecast.',
}
const claim = { prizes: ['A book'], claimBy: NOW, timeZone: 'Africa/Nairobi' }
const money = { orderId: newId('order'), amount: 150_000, currency: 'KES' }

const DATA: { [Kind in MailKind]: Told<Kind> } = {
  verify_email: {},
  reset_password: {},
  suspended: {},
  address_taken: {},
  invitation: { invitationId: newId('invitation'), organisation: 'Kilimani Books' },
  order_paid: {
    ...money,
    items: [{ quantity: 2, title: 'Signed first editions' }],
    events: [
      { title: 'Jazz at the Lake', startsAt: NOW, timeZone: 'Africa/Nairobi', place: null, needsNames: true },
    ],
  },
  refund_paid: { ...money, waiting: 0 },
  won: { ...raffle, ...claim },
  lost: raffle,
  result_corrected: { ...raffle, reason: 'The first number was misread.' },
  claim_reminder_3d: { ...raffle, ...claim },
  claim_reminder_1d: { ...raffle, ...claim },
  ticket_given: {
    transferId: newId('transfer'),
    title: 'Jazz at the Lake',
    expiresAt: NOW,
    timeZone: 'Africa/Nairobi',
  },
  tickets_offered: {
    ticketTypeId: newId('ticketType'),
    title: 'VIP',
    quantity: 1,
    until: NOW,
    timeZone: 'Africa/Nairobi',
  },
  payout_method_added: { what: 'phone', payableFrom: NOW, isPayable: false },
  stripe_account_opened: {},
  payout_method_removed: { what: 'several', why: 'password' },
  event_postponed: { ...event, wasStartsAt: NOW, refundUntil: NOW },
  event_cancelled: event,
  wait_ended: event,
  commitment: {
    ...raffle,
    tickets: 3,
    commitment: 'c0',
    signature: '51',
    drawAt: NOW,
    timeZone: 'Africa/Nairobi',
  },
}
const LINKED: Partial<Record<MailKind, string>> = {
  verify_email: '/verify-email',
  reset_password: '/reset-password',
  address_taken: '/reset-password',
  invitation: '/accept-invitation',
}
/** Mails to winners lead to the result of the raffle, which is no page and needs no token. */
const RESULT = `/api/v1/raffles/${raffle.raffleId}/winners`
const TO_RESULT: readonly MailKind[] = ['won', 'claim_reminder_3d', 'claim_reminder_1d']
const WRITTEN = LANGUAGES.flatMap((language) =>
  (Object.keys(DATA) as MailKind[]).map((kind) => ({ language, kind })),
)

const page = (path: string) => env.ASSETS.fetch(`http://localhost:8787${path}`, { redirect: 'manual' })

describe.each(WRITTEN)('the mail $kind in $language', ({ language, kind }) => {
  const mail = renderMail(
    testSettings(),
    { id: newId('mail'), kind, data: DATA[kind], createdAt: 0 },
    { name: 'Amina', language },
  )
  const linked = [...`${mail.text} ${mail.html}`.matchAll(/https?:\/\/[^\s"<]+/g)].map(
    ([url]) => new URL(url),
  )

  const leadsTo = TO_RESULT.includes(kind) ? RESULT : LINKED[kind]

  it('links only to its own page, which exists', async () => {
    const paths = new Set(linked.map(({ pathname }) => pathname))
    expect(paths).toEqual(new Set(leadsTo === undefined ? [] : [leadsTo]))
    for (const path of paths) if (path !== RESULT) expect((await page(path)).status).toBe(200)
  })

  it('greets by name, unless the address may be unproved', () => {
    expect(mail.text.includes('Amina')).toBe(!(kind in LINKED || kind === 'ticket_given'))
  })

  it('has its token only in the fragment of a link', () => {
    for (const { hash, search } of linked) {
      expect(hash).toMatch(leadsTo === RESULT ? /^$/ : /^#token=[\w-]{43}$/)
      expect(search).toBe('')
    }
  })

  it('has no gaps in its text', () => {
    expect(`${mail.title} ${mail.text} ${mail.html}`).not.toMatch(/undefined|null|NaN|\[object/)
  })
})

describe.each([...new Set(Object.values(LINKED))])('%s', (path) => {
  it('is a page with the security headers of documents', async () => {
    const { status, headers } = await page(path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = headers.get('content-security-policy')
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).toContain("form-action 'none'; frame-ancestors 'none'")
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('cache-control')).toContain('must-revalidate')
  })

  it('has scripts and a style sheet with the right content types', async () => {
    const files = (await (await page(path)).text()).matchAll(/"(\/account-pages\/[^"]+)"/g)
    for (const [, file] of files) {
      const { status, headers } = await page(file!)
      expect(status, file).toBe(200)
      expect(headers.get('content-type'), file).toMatch(
        file!.endsWith('.css') ? /^text\/css/ : /^text\/javascript/,
      )
    }
  })
})

describe('an address without a page', () => {
  it('gets its 404 from the worker, not from the assets', async () => {
    for (const path of ['/winnings', `/orders/${money.orderId}`, '/account-pages']) {
      expect((await page(path)).status).toBe(404)
      const { status, body } = await call('GET', path)
      expect([status, body.code]).toEqual([404, 'not_found'])
    }
  })
})
