// A provider that prompts on the phone once and calls a secret address back once: the port fits it.
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { providers } from '../../src/money/providers/index.ts'
import { payments } from '../../src/money/schema.ts'
import { startPayment } from '../../src/payments/start-payment.ts'
import { historyOf, orderOf, stagePriced, withKey } from '../checkout/checkout.ts'
import { call } from '../harness/client.ts'
import { allowLogged, expectLogged } from '../harness/log.ts'
import {
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import {
  as,
  at,
  HOUR,
  interrupted,
  KES,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  type Staged,
  stageDraft,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { callbackBody, Daraja, mpesaOver, type Push, resultBody } from './daraja.ts'

const PHONE = '+254700000001'
const PRICE = 50_000

const daraja = new Daraja()
beforeAll(() => {
  providers.mpesa = mpesaOver(daraja)
})
afterAll(() => void delete providers.mpesa)
useClock()

let raffle: Staged
let player: Person
beforeEach(async () => {
  daraja.reset()
  raffle = await stagePriced({ ticketPrice: KES(PRICE), providers: ['mpesa'], totalTickets: 1_000 })
  player = await registerPlayer()
})

const buy = (payment: object = { provider: 'mpesa', phone: PHONE }, key = newKey(), person = player) =>
  as(person, 'POST', '/tickets/purchase', { raffleId: raffle.id, quantity: 1, payment }, withKey(key))

async function bought(key = newKey(), person = player) {
  const { status, body } = await buy(undefined, key, person)
  expect(status, JSON.stringify(body)).toBe(201)
  return body.order
}

/** The network posts to the address that it was given. */
const post = (url: string, raw: string) => call('POST', new URL(url).pathname, { raw })

/** The network records the payer's answer, without a callback. */
function decide(push: Push, code: string): void {
  push.ResultCode = code
}

async function confirm(push: Push, receipt: string) {
  decide(push, '0')
  return post(push.CallBackURL, callbackBody(push, receipt))
}

const all = async (sql: string, ...values: unknown[]) =>
  (
    await env.DB.prepare(sql)
      .bind(...values)
      // biome-ignore lint/suspicious/noExplicitAny: columns as the test names them
      .all<any>()
  ).results
const receiptsOf = (orderId: string) => all('SELECT * FROM receipts WHERE order_id = ?', orderId)
const paymentRow = async (id: string) => (await all('SELECT * FROM payments WHERE id = ?', id))[0]
/** The payment is no longer polled, so only a callback can settle it. */
const stopPolling = (orderId: string) =>
  env.DB.prepare('UPDATE payments SET due_at = NULL WHERE order_id = ?').bind(orderId).run()

describe('a payment on the phone', () => {
  it('is settled once by its callback, even if that repeats, and its receipt number is stored', async () => {
    const order = await bought()
    expect(order.payment).toMatchObject({
      status: 'pending',
      checkoutUrl: null,
      message: 'Confirm on your phone.',
    })
    const [push] = daraja.pushes as [Push]
    expect(push).toMatchObject({ Amount: PRICE / 100, PhoneNumber: PHONE })
    expect(await confirm(push, 'RLA0R69NXM')).toMatchObject({
      status: 200,
      body: { ResultCode: 0, ResultDesc: 'Accepted' },
    })
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect((await confirm(push, 'RLA0R69NXM')).status).toBe(200)
    expect(await receiptsOf(order.id)).toMatchObject([
      { reference: push.CheckoutRequestID, amount: PRICE, receipt_number: 'RLA0R69NXM' },
    ])
  })

  it('accepts callbacks only at its issued address, and only if a query confirms them', async () => {
    const order = await bought()
    const stranger = await registerPlayer()
    const other = await bought(newKey(), stranger)
    const [push, otherPush] = daraja.pushes as [Push, Push]
    const body = callbackBody({ ...push, ResultCode: '0' }, 'RLB0R69NXM')
    const before = (await all('SELECT event_id FROM webhooks')).length
    for (const wrong of [
      `${push.CallBackURL}x`,
      push.CallBackURL.replace(/\.[^.]+$/, ''),
      push.CallBackURL.replace('/callback/', '/webhook/'),
    ]) {
      expect((await post(wrong, body)).status).toBeOneOf([403, 404])
    }
    for (const malformed of ['{}', '', 'not JSON']) {
      expect((await post(push.CallBackURL, malformed)).status).toBe(400)
    }
    expect(await all('SELECT event_id FROM webhooks')).toHaveLength(before)
    // Even if the address leaks, the query shows that no money arrived.
    expect((await post(push.CallBackURL, body)).status).toBe(200)
    expect((await orderOf(player, order.id)).status).toBe('pending')
    expect((await orderOf(stranger, other.id)).status).toBe('pending')
    expect(otherPush.ResultCode).toBe('4999')
  })

  it('without a callback is settled by polling; a later callback only adds the receipt number', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '0')
    at(NOW + 20 * SECOND)
    await sweep()
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: null }])
    await confirm(push, 'RLC0R69NXM')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: 'RLC0R69NXM' }])
    expect(historyOf(await orderOf(player, order.id))).toContain(
      'The receipt number of this payment is RLC0R69NXM.',
    )
    expect(await all('SELECT * FROM refunds WHERE order_id = ?', order.id)).toEqual([])
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'succeeded', attention: null })
  })

  it('whose callback has the receipt of another payment is not settled, and needs attention', async () => {
    expectLogged('a provider reports money that does not match our records')
    const first = await bought()
    const other = await registerPlayer()
    const second = await bought(newKey(), other)
    const [firstPush, secondPush] = daraja.pushes as [Push, Push]
    await confirm(firstPush, 'RLD0R69NXM')
    await confirm(secondPush, 'RLD0R69NXM')
    expect((await orderOf(player, first.id)).status).toBe('paid')
    expect((await orderOf(other, second.id)).status).toBe('pending')
    expect(await receiptsOf(second.id)).toEqual([])
    expect((await paymentRow(second.payment.id)).attention).toBe(
      'mpesa reports that KES 500.00 arrived (RLD0R69NXM), which does not match our records.',
    )
  })

  it('of a wrong sum is refunded', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '0')
    await post(push.CallBackURL, callbackBody(push, 'RLE0R69NXM', 1))
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('pending')
    expect(historyOf(now)).toContain('KES 1.00 arrived instead of KES 500.00. It will be refunded to you.')
  })

  it('that fails shows why, and a later success overrides the failure', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '1037')
    await post(push.CallBackURL, callbackBody(push, null))
    expect((await orderOf(player, order.id)).payment).toMatchObject({ status: 'failed' })
    expect(historyOf(await orderOf(player, order.id))).toContain('the phone did not answer')
    await confirm(push, 'RLF0R69NXM')
    expect((await orderOf(player, order.id)).status).toBe('paid')
  })

  it('that is refused at once fails, and the buyer can pay with another number', async () => {
    daraja.refuses = 'it is no number of M-Pesa'
    const order = await bought()
    expect(order).toMatchObject({ status: 'pending', payment: { status: 'failed', next: 'pay_again' } })
    expect(historyOf(await orderOf(player, order.id))).toContain(
      'The payment failed: it is no number of M-Pesa.',
    )
    daraja.refuses = null
    const second = await as(
      player,
      'POST',
      `/orders/${order.id}/pay`,
      { provider: 'mpesa', phone: '+254700000002' },
      withKey(newKey()),
    )
    expect(second).toMatchObject({ status: 201, body: { payment: { status: 'pending' } } })
    expect(daraja.pushes).toMatchObject([{ PhoneNumber: '+254700000002' }])
    for (const ms of [5 * MINUTE, HOUR, HOUR + MINUTE]) {
      at(NOW + ms)
      await sweep()
    }
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'failed', attention: null })
  })

  it('requires a phone number and whole shillings', async () => {
    for (const phone of ['254700000001', '0700000001']) {
      const { body } = await buy({ provider: 'mpesa', phone })
      expect(body.errors).toMatchObject([{ path: 'payment.phone' }])
    }
    expect((await buy({ provider: 'mpesa' })).body.errors).toEqual([
      { path: 'payment.phone', message: 'is required: mpesa prompts on the phone' },
    ])
    const draft = await stageDraft({ ticketPrice: KES(PRICE + 50), providers: ['mpesa'] })
    const { status, body } = await as(draft.operator, 'POST', `/raffles/${draft.id}/publish`)
    expect(status).toBe(422)
    expect(body.errors).toContainEqual({ path: 'providers.0', message: 'mpesa takes whole KES only' })
  })
})

describe('a prompt whose answer was lost', () => {
  beforeEach(() => {
    allowLogged({ message: 'a payment may have been started', reason: 'the answer was lost' })
    daraja.losesAnswer = true
  })
  const UNANSWERED = /has not answered yet\. If your phone shows a payment request, confirm it/

  it('is never sent again, neither by a repeat nor by the sweep', async () => {
    const key = newKey()
    const order = await bought(key)
    expect(order.payment).toMatchObject({ status: 'pending', message: expect.stringMatching(UNANSWERED) })
    expect((await buy(undefined, key)).body.order.id).toBe(order.id)
    for (const seconds of [20, 40, 75, 120]) {
      at(NOW + seconds * SECOND)
      await sweep()
    }
    expect(daraja.pushes).toHaveLength(1)
    expect((await orderOf(player, order.id)).payment.message).toMatch(UNANSWERED)
  })

  it('is settled by its callback, found by the address alone', async () => {
    const order = await bought()
    await stopPolling(order.id)
    await confirm(daraja.pushes[0]!, 'RLG0R69NXM')
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ receipt_number: 'RLG0R69NXM' }])
  })

  it('lets the payer try again; if both payments succeed, the second is refunded', async () => {
    const order = await bought()
    const pay = { provider: 'mpesa', phone: PHONE }
    const second = await as(player, 'POST', `/orders/${order.id}/pay`, pay, withKey(newKey()))
    expect(second.status).toBe(201)
    const [firstPush, secondPush] = daraja.pushes as [Push, Push]
    await confirm(secondPush, 'RLH0R69NXM')
    await confirm(firstPush, 'RLI0R69NXM')
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('paid')
    expect(historyOf(now)).toContain('This order was already paid. KES 500.00 will be refunded to you.')
  })

  it('needs attention if its outcome is unknown for an hour', async () => {
    const order = await bought()
    for (const ms of [20 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]) {
      at(NOW + ms)
      await sweep()
    }
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('expired')
    expect(historyOf(now)).toMatch(UNANSWERED)
    expect(historyOf(now)).toContain(
      'If you have paid, the payment will be found. You then get your order or a refund.',
    )
    expect((await paymentRow(order.payment.id)).attention).toBe(
      'mpesa does not know what became of it: its answer was lost.',
    )
  })

  const SWEEPS_AFTER_MS = [20 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]
  const record = (person: Person, id: string, reference: string, more = {}) =>
    as(person, 'POST', `/payments/${id}/receipts`, { reference }, more)
  const cashOf = async (orderId: string) =>
    (
      await all(
        "SELECT coalesce(sum(amount), 0) AS sum FROM transfers WHERE order_id = ? AND debit = 'cash:mpesa'",
        orderId,
      )
    )[0].sum

  /** Makes an order whose push was lost, an hour ago. */
  async function lost(person = player) {
    daraja.losesAnswer = true
    at(NOW)
    const order = await bought(newKey(), person)
    for (const ms of SWEEPS_AFTER_MS) {
      at(NOW + ms)
      await sweep()
    }
    return { id: order.id, paymentId: order.payment.id, push: daraja.pushes.at(-1)! }
  }

  it('is recorded once by an administrator from the statement; a later callback is the same money', async () => {
    const { id, paymentId, push } = await lost()
    expect(await record(raffle.operator, paymentId, 'RLJ0R69NXM')).toMatchObject({
      status: 403,
      body: { detail: expect.stringMatching(/^Only an administrator can record/) },
    })
    for (const person of [player, (await organisationWithOperator()).operator]) {
      expect((await record(person, paymentId, 'RLJ0R69NXM')).status).toBe(404)
    }
    const admin = await signedInAdmin()
    const answers = await Promise.all(
      ['RLJ0R69NXM', 'RLJ0R69NXM', 'RLK0R69NXM'].map((each) => record(admin, paymentId, each)),
    )
    const [first, second, third] = answers.map(({ status }) => status)
    expect([first, second, third]).toEqual(third === 201 ? [409, 409, 201] : [201, 201, 409])
    const number = third === 201 ? 'RLK0R69NXM' : 'RLJ0R69NXM'
    expect((await orderOf(player, id)).status).toBe('paid')
    const written = [{ reference: number, receipt_number: number, amount: PRICE }]
    for (let times = 0; times < 2; times++) {
      expect((await confirm(push, number)).status).toBe(200)
      expect((await record(admin, paymentId, number)).status).toBe(201)
      expect(await receiptsOf(id)).toMatchObject(written)
      expect(await cashOf(id)).toBe(PRICE)
      expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded', attention: null })
    }
    expect(await all('SELECT * FROM refunds WHERE order_id = ?', id)).toEqual([])
  })

  it('is paid once if its callback comes just before an administrator records it', async () => {
    const { id, paymentId, push } = await lost()
    const { DB, done } = interrupted(/^insert into "receipts"/i, () => confirm(push, 'RLL0R69NXM'))
    const late = await record(await signedInAdmin(), paymentId, 'RLM0R69NXM', { bindings: { DB } })
    expect([done(), late.body.code]).toEqual([true, 'invalid_state'])
    expect(await receiptsOf(id)).toMatchObject([{ receipt_number: 'RLL0R69NXM' }])
    expect(await cashOf(id)).toBe(PRICE)
  })

  it('cannot be recorded with the receipt of another payment', async () => {
    const other = await registerPlayer()
    const first = await lost(other)
    const admin = await signedInAdmin()
    expect((await record(admin, first.paymentId, 'RLN0R69NXM')).status).toBe(201)
    const second = await lost()
    expect((await record(admin, second.paymentId, 'RLN0R69NXM')).body.code).toBe('conflict')
    expect(await receiptsOf(second.id)).toEqual([])
  })

  it('is not sent after a crash before the call, because nobody can know that it was not made', async () => {
    daraja.losesAnswer = false
    const { id, payment } = await bought()
    await env.DB.prepare(
      `UPDATE payments SET status = 'starting', reference = NULL, action = NULL WHERE id = ?`,
    )
      .bind(payment.id)
      .run()
    daraja.pushes = []
    at(NOW + 20 * SECOND)
    await sweep()
    expect(daraja.pushes).toEqual([])
    expect((await orderOf(player, id)).payment.message).toMatch(UNANSWERED)
  })

  it('is sent neither by cancelling nor at the last moment', async () => {
    daraja.losesAnswer = false
    const markNeverSent = (id: string) =>
      env.DB.prepare(
        `UPDATE payments SET status = 'starting', reference = NULL, action = NULL, asked_at = NULL WHERE id = ?`,
      )
        .bind(id)
        .run()
    const first = await bought()
    await markNeverSent(first.payment.id)
    daraja.pushes = []
    expect((await as(player, 'POST', `/orders/${first.id}/cancel`)).body.status).toBe('cancelled')
    const second = await bought()
    await markNeverSent(second.payment.id)
    daraja.pushes = []
    at(Date.parse(second.payUntil) - 30 * SECOND)
    await sweep()
    at(Date.parse(second.payUntil))
    await sweep()
    expect((await orderOf(player, second.id)).status).toBe('expired')
    expect(daraja.pushes).toEqual([])
  })

  it('is pushed once if two calls start it at the same time', async () => {
    daraja.losesAnswer = false
    const { payment } = await bought()
    await env.DB.prepare(
      `UPDATE payments SET status = 'starting', reference = NULL, action = NULL, asked_at = NULL WHERE id = ?`,
    )
      .bind(payment.id)
      .run()
    daraja.pushes = []
    const ctx = testContext()
    const row = await ctx.db.select().from(payments).where(eq(payments.id, payment.id)).get()
    await Promise.all([startPayment(ctx, row!), startPayment(ctx, row!)])
    expect(daraja.pushes).toHaveLength(1)
    expect(await paymentRow(payment.id)).toMatchObject({
      status: 'pending',
      reference: daraja.pushes[0]!.CheckoutRequestID,
    })
  })
})

describe('a payment on the phone that is not confirmed for an hour', () => {
  async function recordedByAdmin(number: string) {
    const order = await bought()
    for (const ms of [20 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]) {
      at(NOW + ms)
      await sweep()
    }
    const [push] = daraja.pushes as [Push]
    expect((await paymentRow(order.payment.id)).attention).toMatch(/^mpesa has not confirmed it yet/)
    const recorded = await as(await signedInAdmin(), 'POST', `/payments/${order.payment.id}/receipts`, {
      reference: number,
    })
    expect(recorded.status).toBe(201)
    const written = [{ reference: push.CheckoutRequestID, receipt_number: number, amount: PRICE }]
    expect(await receiptsOf(order.id)).toMatchObject(written)
    return { id: order.id, paymentId: order.payment.id, push, written }
  }

  it('and is recorded by an administrator is the same money for later queries and callbacks', async () => {
    const { id, paymentId, push, written } = await recordedByAdmin('RLO0R69NXM')
    decide(push, '0')
    await as(raffle.operator, 'POST', `/payments/${paymentId}/reconcile`)
    await confirm(push, 'RLO0R69NXM')
    expect(await receiptsOf(id)).toMatchObject(written)
    expect(await receiptsOf(id)).toHaveLength(1)
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded', attention: null })
    expect((await orderOf(player, id)).status).toBe('paid')
  })

  it('and was recorded with another number needs attention when the callback comes', async () => {
    expectLogged('a provider reports money that does not match our records')
    const { id, paymentId, push, written } = await recordedByAdmin('RLQ0R69NXM')
    await confirm(push, 'RLP0R69NXM')
    expect(await receiptsOf(id)).toMatchObject(written)
    expect(await receiptsOf(id)).toHaveLength(1)
    expect((await paymentRow(paymentId)).attention).toMatch(/which does not match our records/)
  })
})

describe('a refund to a phone', () => {
  async function refunded() {
    const order = await bought()
    await confirm(daraja.pushes[0]!, `RM${crypto.randomUUID().slice(0, 8)}`)
    const { body, status } = await as(
      raffle.operator,
      'POST',
      `/orders/${order.id}/refunds`,
      { reason: 'The buyer cannot come.' },
      withKey(newKey()),
    )
    expect(status, JSON.stringify(body)).toBe(201)
    return { order, refund: body, transfer: daraja.transfers[0]! }
  }
  const refundRow = async (id: string) => (await all('SELECT * FROM refunds WHERE id = ?', id))[0]

  it('is sent to the phone that paid, and is paid when the network confirms it', async () => {
    const { refund, transfer } = await refunded()
    expect(transfer).toMatchObject({ Amount: PRICE / 100, PartyB: PHONE })
    expect(refund.status).toBe('sent')
    expect(await post(transfer.ResultURL, resultBody(transfer, 0, 'RN1'))).toMatchObject({
      status: 200,
      body: { ResultCode: 0 },
    })
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid', reference: 'RN1' })
    expect(daraja.transfers).toHaveLength(1)
  })

  it('is not failed by a queue time-out: the same transfer is polled again', async () => {
    const { refund, transfer } = await refunded()
    expect((await post(transfer.QueueTimeOutURL, '{}')).status).toBe(200)
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'sent' })
    expect(daraja.transfers).toHaveLength(1)
  })

  it('that bounces after it was paid is owed again once, and sent again', async () => {
    const { order, refund, transfer } = await refunded()
    await post(transfer.ResultURL, resultBody(transfer, 0, 'RN3'))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid' })
    for (let times = 0; times < 2; times++) await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
    expect(historyOf(await orderOf(player, order.id))).toContain(
      'mpesa could not pay you the KES 500.00 after all. It will be sent again.',
    )
    expect(await audit(env, { settled: false, raffles: [raffle.id] })).toEqual([])
    await sweep()
    const [, second, ...more] = daraja.transfers
    expect(more).toEqual([])
    expect(second).toMatchObject({ Amount: PRICE / 100, PartyB: PHONE })
    await post(second!.ResultURL, resultBody(second!, 0, 'RN4'))
    await sweep()
    expect(
      await all('SELECT status, reference FROM refunds WHERE order_id = ? ORDER BY id', order.id),
    ).toEqual([
      { status: 'paid', reference: 'RN3' },
      { status: 'paid', reference: 'RN4' },
    ])
    expect(await audit(env, { settled: false, raffles: [raffle.id] })).toEqual([])
  })

  it('that arrives after it was reported as failed is not sent again', async () => {
    const { order, refund, transfer } = await refunded()
    await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'failed' })
    at(NOW + SECOND)
    await post(transfer.ResultURL, resultBody(transfer, 0, 'RN5'))
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid', reference: 'RN5' })
    await post(transfer.QueueTimeOutURL, '{}')
    expect(daraja.transfers).toHaveLength(1)
    expect((await orderOf(player, order.id)).status).toBe('refunded')
  })

  it('that failed is retried as a new transfer', async () => {
    const { refund, transfer } = await refunded()
    await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'failed', tries: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    const [, second] = daraja.transfers
    expect(second!.OriginatorConversationID).toBe(`${refund.id}.1`)
    await post(second!.ResultURL, resultBody(second!, 0, 'RN2'))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid', reference: 'RN2' })
  })

  describe('that is not confirmed for an hour', () => {
    const mark = (person: Person, id: string, what: 'paid' | 'failed', more = {}) =>
      as(
        person,
        'POST',
        `/refunds/${id}/mark-${what}`,
        what === 'paid' ? { reference: 'RN3' } : { reason: 'The statement does not have it.' },
        more,
      )
    const paidBy = async (id: string) =>
      (
        await all(
          'SELECT credit, sum(amount) AS sum FROM transfers WHERE transaction_id = ? GROUP BY credit',
          `refund:${id}:paid`,
        )
      ).map(({ credit, sum }) => [credit, sum])

    async function unconfirmed() {
      const known = await refunded()
      const admin = await signedInAdmin()
      for (const what of ['paid', 'failed'] as const) {
        expect((await mark(admin, known.refund.id, what)).body.code).toBe('invalid_state')
      }
      at(NOW + HOUR)
      await sweep()
      expect((await refundRow(known.refund.id)).attention).toBe('mpesa has not confirmed it yet.')
      const attentionList = async () =>
        (await as(raffle.operator, 'GET', '/payments?needs=attention')).body.data
      expect(await attentionList()).toHaveLength(1)
      return { ...known, id: known.refund.id as string, admin, attentionList }
    }

    it('and is marked as failed becomes paid if the network confirms it later', async () => {
      const { id, admin, transfer, attentionList } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN6'))
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: 'RN6' })
      expect(await attentionList()).toEqual([])
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
    })

    it('and is marked as failed can be paid by nobody else once an event shows it under way', async () => {
      const { id, admin, transfer } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await post(transfer.QueueTimeOutURL, '{}')
      expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0, attention: null })
      expect((await mark(raffle.operator, id, 'paid')).body.code).toBe('invalid_state')
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN8'))
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(daraja.transfers).toHaveLength(1)
    })

    it('and was paid by hand after it was marked as failed is not sent by a later event', async () => {
      const { id, admin, transfer } = await unconfirmed()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      expect((await mark(raffle.operator, id, 'paid')).body.status).toBe('paid')
      await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
      await sweep()
      expect(daraja.transfers).toHaveLength(1)
      expect(await paidBy(id)).toEqual([[expect.stringMatching(/^cash:manual:org_/), PRICE]])
    })

    it('can be marked as paid only by an administrator, and only once', async () => {
      const { id, admin, transfer, attentionList } = await unconfirmed()
      const stranger = (await organisationWithOperator()).operator
      for (const what of ['paid', 'failed'] as const) {
        expect((await mark(raffle.operator, id, what)).body.code).toBe('forbidden')
        for (const person of [player, stranger]) expect((await mark(person, id, what)).status).toBe(404)
      }
      const answers = await Promise.all([1, 2].map(() => mark(admin, id, 'paid')))
      for (const { status, body } of answers) {
        expect([status, body.status, body.reference]).toEqual([200, 'paid', 'RN3'])
      }
      expect((await mark(admin, id, 'failed')).body.code).toBe('invalid_state')
      expect(await attentionList()).toEqual([])
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN3'))
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: 'RN3', attention: null })
    })

    it('and is marked as failed can be paid by hand or retried under a new key', async () => {
      const { id, admin, attentionList, order } = await unconfirmed()
      for (let times = 0; times < 2; times++) {
        expect((await mark(admin, id, 'failed')).body).toMatchObject({ id, status: 'failed' })
      }
      expect(await refundRow(id)).toMatchObject({ tries: 1, due_at: null })
      expect(await attentionList()).toMatchObject([
        { attention: 'A refund waits: The statement does not have it.' },
      ])
      await as(raffle.operator, 'POST', `/payments/${order.payment.id}/reconcile`)
      expect(daraja.transfers.map((each) => each.OriginatorConversationID)).toEqual([id, `${id}.1`])
      at(NOW + 2 * HOUR)
      await sweep()
      at(NOW + 3 * HOUR)
      await sweep()
      expect((await mark(admin, id, 'failed')).body).toMatchObject({ status: 'failed' })
      expect((await mark(raffle.operator, id, 'paid')).body).toMatchObject({ status: 'paid' })
      expect(await paidBy(id)).toEqual([[expect.stringMatching(/^cash:manual:org_/), PRICE]])
    })

    it('cannot be decided by people while a request to the network is under way', async () => {
      const { id, admin } = await unconfirmed()
      const statuses: number[] = []
      const b2c = vi.spyOn(daraja, 'b2c').mockImplementation(async () => {
        for (const what of ['paid', 'failed'] as const) {
          statuses.push((await mark(admin, id, what)).status)
        }
      })
      at(NOW + 2 * HOUR)
      await sweep()
      b2c.mockRestore()
      expect(statuses).toEqual([409, 409])
      expect((await mark(admin, id, 'paid')).status).toBe(200)
    })

    it('and is marked as failed just before a request is not sent under the old key', async () => {
      const { id, admin } = await unconfirmed()
      const b2c = vi.spyOn(daraja, 'b2c')
      at(NOW + 2 * HOUR)
      const { DB, done } = interrupted(/^update "refunds"/i, () => mark(admin, id, 'failed'))
      await sweep({ DB })
      expect([done(), b2c.mock.calls.length]).toEqual([true, 0])
      b2c.mockRestore()
      expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    })
  })
})
