import { env, exports } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { readSettings } from '../../src/core/settings.ts'
import { providerOf, whyNotProvider } from '../../src/money/providers/index.ts'
import { manual } from '../../src/money/providers/manual.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { signEvent } from '../../src/money/providers/sandbox-signature.ts'
import type { PaymentRow, ReceiptRow } from '../../src/money/schema.ts'
import { chargeEvent, decideCharge, findCharge } from '../../src/sandbox/charges.ts'
import { call } from '../harness/client.ts'
import { allowLogged } from '../harness/log.ts'
import { testContext, testSettings } from '../harness/people.ts'
import { NOW, SECOND, useClock } from '../raffles/scenario.ts'

useClock()
// The charges here belong to no payment in the database, so that the worker refuses their webhooks.
beforeEach(() =>
  allowLogged({ message: 'the sandbox’s webhook was not received', reason: 'No such payment.' }),
)

/** A payment that is not in the database: the sandbox keeps its own books. */
const aPayment = (changes: Partial<PaymentRow> = {}): PaymentRow => ({
  id: newId('payment'),
  orderId: newId('order'),
  key: 'key',
  provider: 'sandbox',
  amount: 150_000,
  currency: 'KES',
  status: 'starting',
  reference: null,
  action: null,
  phone: null,
  returnUrl: null,
  checks: 0,
  dueAt: null,
  attention: null,
  createdAt: NOW,
  updatedAt: NOW,
  askedAt: null,
  dismissal: null,
  failure: null,
  payUntil: null,
  ...changes,
})

/** Starts the charge; the sandbox refuses none. */
async function startCharge(payment: PaymentRow) {
  const started = await sandbox.start(testContext(NOW), payment)
  if (started.status === 'refused') throw new Error(started.reason)
  return started
}

async function started(changes: Partial<PaymentRow> = {}) {
  const payment = aPayment(changes)
  const { action } = await startCharge(payment)
  const url = new URL(action.checkoutUrl!)
  const [id, token] = url.pathname.split('/').slice(-2) as [string, string]
  return { payment, action, url, path: url.pathname, address: { id, token } }
}

const press = (path: string, action: string) => call('POST', path, { form: { action } })

describe('a charge of the sandbox', () => {
  it('is created once by repeated starts, at an address that only the payer knows', async () => {
    const { payment, action, url } = await started()
    expect(await startCharge(payment)).toEqual({ status: 'started', reference: payment.id, action })
    expect(action).toMatchObject({ kind: 'redirect' })
    expect(url.origin).toBe(testSettings().PUBLIC_ORIGIN)
    expect(url.pathname).toMatch(new RegExp(`^/sandbox/checkout/${payment.id}/[\\w-]{32}$`))
    expect((await started()).address.token).not.toBe((await started()).address.token)
  })

  it('prompts on the phone if there is a number, and the same page plays the phone', async () => {
    const { action } = await started({ phone: '+254700000000' })
    expect(action).toMatchObject({
      kind: 'prompt',
      message: expect.stringMatching(/^Confirm the payment on your phone/),
    })
    expect(JSON.stringify(action)).not.toContain('254700000000')
  })

  it('stays pending until a button is pressed, and fails once it is stopped', async () => {
    const { payment } = await started()
    const later = testContext(NOW + 3_600 * SECOND)
    expect(await sandbox.fetch(later, payment)).toEqual({ status: 'pending', captures: [], reason: null })
    await sandbox.stop(later, payment)
    expect(await sandbox.fetch(later, payment)).toEqual({
      status: 'failed',
      captures: [],
      reason: 'nobody paid',
    })
    expect(await sandbox.fetch(later, aPayment())).toMatchObject({ status: 'failed', captures: [] })
  })

  it.each([
    ['approve', 'succeeded', 1],
    ['decline', 'failed', 0],
    ['later', 'pending', 0],
    ['twice', 'succeeded', 2],
  ] as const)('after %s is %s with %i captures', async (action, status, count) => {
    const { payment, path } = await started()
    expect((await press(path, action)).status).toBe(200)
    const { captures, ...observed } = await sandbox.fetch(testContext(NOW), payment)
    expect(observed.status).toBe(status)
    expect(captures).toHaveLength(count)
    expect(new Set(captures.map(({ reference }) => reference)).size).toBe(count)
    for (const capture of captures) expect(capture).toMatchObject({ amount: 150_000, currency: 'KES' })
  })

  it('is decided once', async () => {
    const { payment, path } = await started()
    await press(path, 'decline')
    await press(path, 'twice')
    expect(await sandbox.fetch(testContext(NOW), payment)).toMatchObject({ status: 'failed', captures: [] })
  })

  it('captures a delayed payment after 30 seconds, even if it was stopped', async () => {
    const { payment, address } = await started()
    await decideCharge(testContext(NOW), address, 'later')
    await sandbox.stop(testContext(NOW), payment)
    expect(await sandbox.fetch(testContext(NOW + 29 * SECOND), payment)).toMatchObject({ status: 'pending' })
    const arrived = await sandbox.fetch(testContext(NOW + 30 * SECOND), payment)
    expect(arrived).toMatchObject({ status: 'succeeded', captures: [{ reference: `${payment.id}-1` }] })
    expect(await sandbox.fetch(testContext(NOW + 31 * SECOND), payment)).toEqual(arrived)
    expect(await findCharge(testContext(NOW), address)).toMatchObject({ captures: 1, status: 'approved' })
  })

  it('can still be paid after it was stopped, as late money', async () => {
    const { payment, path } = await started()
    await sandbox.stop(testContext(NOW), payment)
    expect((await call('GET', path)).body).toContain('The shop no longer waits for this payment')
    await press(path, 'approve')
    expect(await sandbox.fetch(testContext(NOW), payment)).toMatchObject({ status: 'succeeded' })
  })
})

describe('the checkout page', () => {
  it('shows the amount, a sandbox notice, and what each button does', async () => {
    const { path, payment } = await started()
    const { status, body, headers } = await call('GET', path)
    expect(status).toBe(200)
    expect(headers.get('content-type')).toMatch(/^text\/html/)
    expect(headers.get('cache-control')).toBe('no-store')
    for (const part of ['KES 1,500.00', 'Sandbox.', 'play money', payment.id]) expect(body).toContain(part)
    for (const action of ['approve', 'decline', 'later', 'twice']) {
      expect(body).toContain(`<button name="action" value="${action}" aria-describedby="does-${action}">`)
      expect(body).toContain(`<p id="does-${action}">`)
    }
    expect(body).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">')
    expect(body).toContain('prefers-color-scheme: dark')
  })

  it('allows its own style and nothing else in its content security policy', async () => {
    const { path } = await started()
    const { body, headers } = await call('GET', path)
    const style = /<style>([\s\S]*)<\/style>/.exec(body)![1]!
    const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style))
    const policy = headers.get('content-security-policy')!
    expect(policy).toContain(`style-src 'sha256-${Buffer.from(hash).toString('base64')}'`)
    expect(policy).toMatch(/^default-src 'none'; .*form-action 'self'; frame-ancestors 'none'$/)
    expect(body).not.toMatch(/<script|style="/)
  })

  it('shows the outcome of the payment if there is no return address', async () => {
    for (const [action, text] of [
      ['approve', 'The payment went through'],
      ['decline', 'The payment was declined'],
      ['later', 'The money arrives'],
      ['twice', 'captured twice'],
    ] as const) {
      const { path } = await started()
      const pressed = await press(path, action)
      expect(pressed.status).toBe(200)
      expect(pressed.body).toContain(text)
      expect(pressed.body).not.toContain('name="action" value="approve"')
      const isPaid = action === 'approve' || action === 'twice'
      expect(pressed.body.includes('value="dispute"')).toBe(isPaid)
      expect((await call('GET', path)).body).toBe(pressed.body)
    }
  })

  it('disputes a paid charge once, and never an unpaid one', async () => {
    const { path } = await started()
    expect((await press(path, 'dispute')).body).toContain('name="action" value="approve"')
    await press(path, 'twice')
    const disputed = await press(path, 'dispute')
    expect(disputed.body).toContain('The bank has taken the money back')
    expect(disputed.body).not.toContain('<button')
    expect((await press(path, 'dispute')).body).toBe(disputed.body)
    expect((await press(path, 'decline')).body).toBe(disputed.body)
  })

  it('redirects the payer to an allowed address, and allows its origin in the policy', async () => {
    const returnUrl = 'http://localhost:3000/thanks?order=1'
    const { url, path } = await started({ returnUrl })
    expect((await call('GET', path)).headers.get('content-security-policy')).toContain(
      "form-action 'self' http://localhost:3000;",
    )
    const body = new URLSearchParams({ action: 'approve' })
    const answer = await exports.default.fetch(new Request(url, { method: 'POST', body, redirect: 'manual' }))
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(returnUrl)
  })

  it.each([
    'javascript:alert(1)',
    'data:text/html,x',
    '/relative',
    'nonsense',
    "https://a;b'c/",
    'https://evil.example/',
    'http://user:pw@localhost:3000/',
  ])('does not redirect to %s', async (returnUrl) => {
    const { path } = await started({ returnUrl })
    const answer = await press(path, 'approve')
    expect(answer.status).toBe(200)
    expect(answer.body).not.toContain('Back to the shop')
    expect(answer.headers.get('content-security-policy')).toContain("form-action 'self';")
  })

  it('answers 404 for another token, another payment or another kind of id', async () => {
    const { path, payment, address } = await started()
    const other = await started()
    for (const wrong of [
      `/sandbox/checkout/${payment.id}/${other.address.token}`,
      `/sandbox/checkout/${newId('payment')}/${address.token}`,
      `/sandbox/checkout/${newId('order')}/${address.token}`,
      `${path}x`,
      `${path}=`,
      path.slice(0, -1),
    ]) {
      expect((await call('GET', wrong)).status, wrong).toBe(404)
      expect((await press(wrong, 'approve')).status, wrong).toBe(404)
    }
    expect(await sandbox.fetch(testContext(NOW), payment)).toMatchObject({ status: 'pending' })
  })

  it('refuses any other action', async () => {
    const { url, payment } = await started()
    for (const body of [new URLSearchParams({ action: 'steal' }), new URLSearchParams()]) {
      expect((await exports.default.fetch(new Request(url, { method: 'POST', body }))).status).toBe(422)
    }
    expect(await sandbox.fetch(testContext(NOW), payment)).toMatchObject({ status: 'pending' })
  })

  it('does not exist in production', async () => {
    const { address, payment } = await started()
    const ctx = testContext(NOW)
    const live = { ...ctx, db: ctx.db, settings: { ...ctx.settings, ENVIRONMENT: 'production' as const } }
    await expect(findCharge(live, address)).rejects.toThrow('No such payment.')
    await expect(decideCharge(live, address, 'approve')).rejects.toThrow('No such payment.')
    expect(await sandbox.fetch(ctx, payment)).toMatchObject({ status: 'pending' })
  })
})

describe('money out of the sandbox', () => {
  const payment = aPayment({ status: 'succeeded' })
  const capture: ReceiptRow = {
    provider: 'sandbox',
    reference: `${payment.id}-1`,
    paymentId: payment.id,
    orderId: payment.orderId,
    amount: payment.amount,
    currency: 'KES',
    at: NOW,
    receiptNumber: null,
  }
  const refund = (id: string, amount: number, now = NOW) =>
    sandbox.refund(testContext(now), {
      id,
      amount,
      currency: 'KES',
      createdAt: now,
      pollOnly: false,
      payment,
      capture,
    })
  const payout = (id: string, amount: number, now = NOW) =>
    sandbox.payout(testContext(now), {
      id,
      amount,
      currency: 'KES',
      createdAt: now,
      pollOnly: false,
      destination: 'somewhere',
    })

  it('arrives at once, and only once for its id', async () => {
    for (const send of [refund, payout]) {
      const id = newId('refund')
      const sent = await send(id, 500)
      expect(sent).toEqual({ status: 'succeeded', reference: id, reason: null })
      expect(await Promise.all([send(id, 500), send(id, 500)])).toEqual([sent, sent])
      const rows = env.DB.prepare('SELECT count(*) AS count FROM sandbox_transfers WHERE id = ?').bind(id)
      expect(await rows.first('count')).toBe(1)
    }
  })

  it('arrives a minute later if the amount ends in 17', async () => {
    for (const send of [refund, payout]) {
      const id = newId('payout')
      expect(await send(id, 1_017)).toMatchObject({ status: 'pending' })
      expect(await send(id, 1_017, NOW + 59 * SECOND)).toMatchObject({ status: 'pending' })
      expect(await send(id, 1_017, NOW + 60 * SECOND)).toMatchObject({ status: 'succeeded' })
      expect(await send(id, 1_017, NOW)).toMatchObject({ status: 'succeeded' })
    }
  })

  it('fails at the first attempt if the amount ends in 13, and only under that attempt’s key', async () => {
    for (const [send, id, next] of [
      [refund, newId('refund'), '.1'],
      [payout, newId('payout'), '_1'],
    ] as const) {
      expect(await send(id, 1_013)).toMatchObject({ status: 'failed', reason: 'the sandbox declined it' })
      expect(await send(`${id}${next}`, 1_013)).toMatchObject({ status: 'succeeded' })
      expect(await send(id, 1_013)).toMatchObject({ status: 'failed' })
    }
  })
})

describe('a sandbox webhook', () => {
  const event = { id: 'evt-1', subject: 'payment', subjectId: newId('payment') }
  const read = (body: string, header: string | null, now = NOW) =>
    sandbox.webhooks.webhook!.read(testContext(now), {
      headers: new Headers(header === null ? {} : { 'sandbox-signature': header }),
      body,
      token: null,
    })

  it('is accepted if it is signed', async () => {
    const { address } = await started()
    const { headers, body } = chargeEvent(testContext(NOW), await findCharge(testContext(NOW), address))
    expect(await read(body, headers.get('sandbox-signature'))).toEqual({
      eventId: `evt-${address.id}-open`,
      subject: 'payment',
      subjectId: address.id,
    })
  })

  it('is refused if it is forged, changed or stale', async () => {
    const body = JSON.stringify(event)
    const settings = testSettings()
    const good = signEvent(settings, NOW, body)
    for (const bad of [
      null,
      '',
      good.replace('t=', 't=1'),
      good.replace('t=', 't=0'),
      good.replace(/[0-9a-f]+$/, (digits) => digits.toUpperCase()),
      good.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
      `${good},v1=00`,
      signEvent({ JWT_SECRET: 'another-secret-of-at-least-32-characters' }, NOW, body),
      signEvent(settings, NOW, `${body} `),
      signEvent(settings, NOW - 301 * SECOND, body),
      signEvent(settings, NOW + 301 * SECOND, body),
    ]) {
      await expect(read(body, bad), String(bad)).rejects.toMatchObject({ code: 'forbidden' })
    }
    expect(await read(body, signEvent(settings, NOW - 299 * SECOND, body))).toMatchObject({
      eventId: 'evt-1',
    })
  })

  it('is refused if it is signed but has the wrong shape', async () => {
    for (const body of ['', 'null', '{}', '{"id":"x"}', JSON.stringify({ ...event, subject: 'raffle' })]) {
      const header = signEvent(testSettings(), NOW, body)
      await expect(read(body, header), body).rejects.toMatchObject({ code: 'malformed_request' })
    }
  })
})

describe('providers', () => {
  it('are available if they are set up, except the sandbox in production', () => {
    const settings = testSettings()
    const live = { ...settings, ENVIRONMENT: 'production' as const }
    expect(whyNotProvider('sandbox', settings)).toBeNull()
    expect(whyNotProvider('sandbox', live)).toMatch(/no real money/)
    for (const each of [settings, live]) expect(whyNotProvider('manual', each)).toBeNull()
    for (const name of ['stripe', 'mpesa'] as const) {
      expect(whyNotProvider(name, settings)).toBe(`${name} is not set up here`)
    }
    expect(providerOf('sandbox')).toBe(sandbox)
    expect(providerOf('manual')).toBe(manual)
  })

  it('send payers to the origin in the settings', () => {
    const read = (PUBLIC_ORIGIN?: string) => {
      const result = readSettings({ PUBLIC_ORIGIN })
      return result.ok ? result.settings.PUBLIC_ORIGIN : result.problems
    }
    expect(read()).toBe('http://localhost:8787')
    expect(read('https://raffles.example/')).toBe('https://raffles.example')
    expect(read('ftp://raffles.example')).toEqual([expect.stringMatching(/^PUBLIC_ORIGIN: /)])
  })
})
