// A provider that asks on the phone, once, and tells what came of it once, to a secret address: the port fits it.
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

/** The payer answers the prompt on the phone; the network decides, and tells unless the callback is lost. */
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
/** Nothing but what is told can move it on. */
const neverAskAgain = (orderId: string) =>
  env.DB.prepare('UPDATE payments SET due_at = NULL WHERE order_id = ?').bind(orderId).run()

describe('a payment on the phone', () => {
  it('is settled by its callback, whose receipt number is kept; told twice, it is paid once', async () => {
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

  it('is believed only at the address that was given out, and of what the network says when it is asked', async () => {
    const order = await bought()
    const stranger = await registerPlayer()
    const other = await bought(newKey(), stranger)
    const [push, another] = daraja.pushes as [Push, Push]
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
    // The address leaked: the network, asked, knows of no money.
    expect((await post(push.CallBackURL, body)).status).toBe(200)
    expect((await orderOf(player, order.id)).status).toBe('pending')
    expect((await orderOf(stranger, other.id)).status).toBe('pending')
    expect(another.ResultCode).toBe('4999')
  })

  it('whose callback never comes is settled by asking; a callback after that adds the receipt number alone', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '0')
    at(NOW + 20 * SECOND)
    await sweep()
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: null }])
    await confirm(push, 'RLC0R69NXM')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: 'RLC0R69NXM' }])
    expect(historyOf(await orderOf(player, order.id))).toContain('The receipt number of that is RLC0R69NXM.')
    expect(await all('SELECT * FROM refunds WHERE order_id = ?', order.id)).toEqual([])
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'succeeded', attention: null })
  })

  it('that tells of another’s receipt is no money, and somebody must look at it', async () => {
    expectLogged('a provider tells of money that is written down otherwise')
    const first = await bought()
    const other = await registerPlayer()
    const second = await bought(newKey(), other)
    const [one, two] = daraja.pushes as [Push, Push]
    await confirm(one, 'RLD0R69NXM')
    await confirm(two, 'RLD0R69NXM')
    expect((await orderOf(player, first.id)).status).toBe('paid')
    expect((await orderOf(other, second.id)).status).toBe('pending')
    expect(await receiptsOf(second.id)).toEqual([])
    expect((await paymentRow(second.payment.id)).attention).toBe(
      'mpesa says that KES 500.00 came (RLD0R69NXM), which is written down as other money.',
    )
  })

  it('of another sum than was asked for goes back', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '0')
    await post(push.CallBackURL, callbackBody(push, 'RLE0R69NXM', 1))
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('pending')
    expect(historyOf(now)).toContain('KES 1.00 came instead of KES 500.00. It goes back to you.')
  })

  it('that fails says why, and a later success overrides that', async () => {
    const order = await bought()
    const [push] = daraja.pushes as [Push]
    decide(push, '1037')
    await post(push.CallBackURL, callbackBody(push, null))
    expect((await orderOf(player, order.id)).payment).toMatchObject({ status: 'failed' })
    expect(historyOf(await orderOf(player, order.id))).toContain('the phone did not answer')
    await confirm(push, 'RLF0R69NXM')
    expect((await orderOf(player, order.id)).status).toBe('paid')
  })

  it('that is refused outright has failed, and another number can be asked', async () => {
    daraja.refuses = 'it is no number of M-Pesa'
    const order = await bought()
    expect(order).toMatchObject({ status: 'pending', payment: { status: 'failed', message: null } })
    expect(historyOf(await orderOf(player, order.id))).toContain(
      'The payment failed: it is no number of M-Pesa.',
    )
    daraja.refuses = null
    const again = await as(
      player,
      'POST',
      `/orders/${order.id}/pay`,
      { provider: 'mpesa', phone: '+254700000002' },
      withKey(newKey()),
    )
    expect(again).toMatchObject({ status: 201, body: { payment: { status: 'pending' } } })
    expect(daraja.pushes).toMatchObject([{ PhoneNumber: '+254700000002' }])
    for (const ms of [5 * MINUTE, HOUR, HOUR + MINUTE]) {
      at(NOW + ms)
      await sweep()
    }
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'failed', attention: null })
  })

  it('needs a phone, and whole shillings', async () => {
    for (const phone of ['254700000001', '0700000001']) {
      const { body } = await buy({ provider: 'mpesa', phone })
      expect(body.errors).toMatchObject([{ path: 'payment.phone' }])
    }
    expect((await buy({ provider: 'mpesa' })).body.errors).toEqual([
      { path: 'payment.phone', message: 'is needed: mpesa asks on the phone' },
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
  const SAYS = /has not answered yet\. If your phone asks you, confirm there/

  it('is never sent again by itself: not by a repeat, not by the sweep', async () => {
    const key = newKey()
    const order = await bought(key)
    expect(order.payment).toMatchObject({ status: 'pending', message: expect.stringMatching(SAYS) })
    expect((await buy(undefined, key)).body.order.id).toBe(order.id)
    for (const seconds of [20, 40, 75, 120]) {
      at(NOW + seconds * SECOND)
      await sweep()
    }
    expect(daraja.pushes).toHaveLength(1)
    expect((await orderOf(player, order.id)).payment.message).toMatch(SAYS)
  })

  it('is paid when the callback says so, by the address alone', async () => {
    const order = await bought()
    await neverAskAgain(order.id)
    await confirm(daraja.pushes[0]!, 'RLG0R69NXM')
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ receipt_number: 'RLG0R69NXM' }])
  })

  it('can be tried once more by its payer; if both are paid the second goes back', async () => {
    const order = await bought()
    const pay = { provider: 'mpesa', phone: PHONE }
    const again = await as(player, 'POST', `/orders/${order.id}/pay`, pay, withKey(newKey()))
    expect(again.status).toBe(201)
    const [one, two] = daraja.pushes as [Push, Push]
    await confirm(two, 'RLH0R69NXM')
    await confirm(one, 'RLI0R69NXM')
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('paid')
    expect(historyOf(now)).toContain('This order was paid already. KES 500.00 goes back to you.')
  })

  it('comes before operators if nobody says for an hour what became of it', async () => {
    const order = await bought()
    for (const ms of [20 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]) {
      at(NOW + ms)
      await sweep()
    }
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('expired')
    expect(historyOf(now)).toMatch(SAYS)
    expect(historyOf(now)).toContain(
      'If you have paid all the same, that is found out, and settled or sent back to you.',
    )
    expect((await paymentRow(order.payment.id)).attention).toBe(
      'mpesa does not know what became of it: its answer was lost.',
    )
  })

  const LOOKS = [20 * SECOND, 5 * MINUTE, 15 * MINUTE, HOUR]
  const record = (person: Person, id: string, reference: string, more = {}) =>
    as(person, 'POST', `/payments/${id}/receipts`, { reference }, more)
  const cashOf = async (orderId: string) =>
    (
      await all(
        "SELECT coalesce(sum(amount), 0) AS sum FROM transfers WHERE order_id = ? AND debit = 'cash:mpesa'",
        orderId,
      )
    )[0].sum

  /** After the hour in which nobody said what became of it. */
  async function lost(person = player) {
    daraja.losesAnswer = true
    at(NOW)
    const order = await bought(newKey(), person)
    for (const ms of LOOKS) {
      at(NOW + ms)
      await sweep()
    }
    return { id: order.id, paymentId: order.payment.id, push: daraja.pushes.at(-1)! }
  }

  it('is written down by an administrator from the statement, once; a callback after that is the same money', async () => {
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

  it('and whose callback comes just before it is written down is paid once', async () => {
    const { id, paymentId, push } = await lost()
    const { DB, done } = interrupted(/^insert into "receipts"/i, () => confirm(push, 'RLL0R69NXM'))
    const late = await record(await signedInAdmin(), paymentId, 'RLM0R69NXM', { bindings: { DB } })
    expect([done(), late.body.code]).toEqual([true, 'invalid_state'])
    expect(await receiptsOf(id)).toMatchObject([{ receipt_number: 'RLL0R69NXM' }])
    expect(await cashOf(id)).toBe(PRICE)
  })

  it('is not written down by what is another’s', async () => {
    const other = await registerPlayer()
    const first = await lost(other)
    const admin = await signedInAdmin()
    expect((await record(admin, first.paymentId, 'RLN0R69NXM')).status).toBe(201)
    const second = await lost()
    expect((await record(admin, second.paymentId, 'RLN0R69NXM')).body.code).toBe('conflict')
    expect(await receiptsOf(second.id)).toEqual([])
  })

  it('is not sent either where the process died before it was asked: nobody can know that', async () => {
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
    expect((await orderOf(player, id)).payment.message).toMatch(SAYS)
  })

  it('is not sent by cancelling, nor at the last moment', async () => {
    daraja.losesAnswer = false
    const neverAsked = (id: string) =>
      env.DB.prepare(
        `UPDATE payments SET status = 'starting', reference = NULL, action = NULL, asked_at = NULL WHERE id = ?`,
      )
        .bind(id)
        .run()
    const first = await bought()
    await neverAsked(first.payment.id)
    daraja.pushes = []
    expect((await as(player, 'POST', `/orders/${first.id}/cancel`)).body.status).toBe('cancelled')
    const second = await bought()
    await neverAsked(second.payment.id)
    daraja.pushes = []
    at(Date.parse(second.payUntil) - 30 * SECOND)
    await sweep()
    at(Date.parse(second.payUntil))
    await sweep()
    expect((await orderOf(player, second.id)).status).toBe('expired')
    expect(daraja.pushes).toEqual([])
  })

  it('is one push, of two that start it at the same time', async () => {
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

describe('a payment on the phone of which nothing is told for an hour', () => {
  async function silent(number: string) {
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

  it('and is written down by a person is the same money to whoever asks, and when it is told', async () => {
    const { id, paymentId, push, written } = await silent('RLO0R69NXM')
    decide(push, '0')
    await as(raffle.operator, 'POST', `/payments/${paymentId}/reconcile`)
    await confirm(push, 'RLO0R69NXM')
    expect(await receiptsOf(id)).toMatchObject(written)
    expect(await receiptsOf(id)).toHaveLength(1)
    expect(await paymentRow(paymentId)).toMatchObject({ status: 'succeeded', attention: null })
    expect((await orderOf(player, id)).status).toBe('paid')
  })

  it('and was written down under another number is put before people when it is told', async () => {
    expectLogged('a provider tells of money that is written down otherwise')
    const { id, paymentId, push, written } = await silent('RLQ0R69NXM')
    await confirm(push, 'RLP0R69NXM')
    expect(await receiptsOf(id)).toMatchObject(written)
    expect(await receiptsOf(id)).toHaveLength(1)
    expect((await paymentRow(paymentId)).attention).toMatch(/which is written down as other money/)
  })
})

describe('money sent to a phone', () => {
  async function refunded() {
    const order = await bought()
    await confirm(daraja.pushes[0]!, `RM${crypto.randomUUID().slice(0, 8)}`)
    const { body, status } = await as(
      raffle.operator,
      'POST',
      `/orders/${order.id}/refunds`,
      { reason: 'asked for' },
      withKey(newKey()),
    )
    expect(status, JSON.stringify(body)).toBe(201)
    return { order, refund: body, transfer: daraja.transfers[0]! }
  }
  const refundRow = async (id: string) => (await all('SELECT * FROM refunds WHERE id = ?', id))[0]

  it('goes back to the phone that paid, and has arrived when the network says so', async () => {
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

  it('is not known to have failed when the queue timed out: it is the same transfer, asked again', async () => {
    const { refund, transfer } = await refunded()
    expect((await post(transfer.QueueTimeOutURL, '{}')).status).toBe(200)
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'sent' })
    expect(daraja.transfers).toHaveLength(1)
  })

  it('that comes back after it had arrived is owed again, once, and sent once more', async () => {
    const { order, refund, transfer } = await refunded()
    await post(transfer.ResultURL, resultBody(transfer, 0, 'RN3'))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid' })
    for (let told = 0; told < 2; told++) await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
    expect(historyOf(await orderOf(player, order.id))).toContain(
      'mpesa could not pay you the KES 500.00 after all. It is sent once more.',
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

  it('that arrived after it was said to have failed is not sent again', async () => {
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

  it('that failed is another transfer when it is tried again', async () => {
    const { refund, transfer } = await refunded()
    await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'failed', tries: 1 })
    at(NOW + 2 * MINUTE)
    await sweep()
    const [, second] = daraja.transfers
    expect(second!.OriginatorConversationID).toBe(`${refund.id}_1`)
    await post(second!.ResultURL, resultBody(second!, 0, 'RN2'))
    await sweep()
    expect(await refundRow(refund.id)).toMatchObject({ status: 'paid', reference: 'RN2' })
  })

  describe('of which nothing is told for an hour', () => {
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

    async function silent() {
      const known = await refunded()
      const admin = await signedInAdmin()
      for (const what of ['paid', 'failed'] as const) {
        expect((await mark(admin, known.refund.id, what)).body.code).toBe('invalid_state')
      }
      at(NOW + HOUR)
      await sweep()
      expect((await refundRow(known.refund.id)).attention).toBe('mpesa has not confirmed it yet.')
      const needing = async () => (await as(raffle.operator, 'GET', '/payments?needs=attention')).body.data
      expect(await needing()).toHaveLength(1)
      return { ...known, id: known.refund.id as string, admin, needing }
    }

    it('and marked as failed, is paid if that is told after all', async () => {
      const { id, admin, transfer, needing } = await silent()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN6'))
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: 'RN6' })
      expect(await needing()).toEqual([])
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
    })

    it('and marked as failed, is paid by nobody else once it is told to be on its way', async () => {
      const { id, admin, transfer } = await silent()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      await post(transfer.QueueTimeOutURL, '{}')
      expect(await refundRow(id)).toMatchObject({ status: 'sent', tries: 0, attention: null })
      expect((await mark(raffle.operator, id, 'paid')).body.code).toBe('invalid_state')
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN8'))
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(daraja.transfers).toHaveLength(1)
    })

    it('marked as failed and paid by hand, is not sent by what is told later', async () => {
      const { id, admin, transfer } = await silent()
      expect((await mark(admin, id, 'failed')).status).toBe(200)
      expect((await mark(raffle.operator, id, 'paid')).body.status).toBe('paid')
      await post(transfer.ResultURL, resultBody(transfer, 2_001, ''))
      await sweep()
      expect(daraja.transfers).toHaveLength(1)
      expect(await paidBy(id)).toEqual([['cash:manual', PRICE]])
    })

    it('is marked as paid there by an administrator alone, once', async () => {
      const { id, admin, transfer, needing } = await silent()
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
      expect(await needing()).toEqual([])
      await post(transfer.ResultURL, resultBody(transfer, 0, 'RN3'))
      await sweep()
      expect(await paidBy(id)).toEqual([['cash:mpesa', PRICE]])
      expect(await refundRow(id)).toMatchObject({ status: 'paid', reference: 'RN3', attention: null })
    })

    it('and was not paid there is left to people: by hand, or under another key', async () => {
      const { id, admin, needing, order } = await silent()
      for (let times = 0; times < 2; times++) {
        expect((await mark(admin, id, 'failed')).body).toMatchObject({ id, status: 'failed' })
      }
      expect(await refundRow(id)).toMatchObject({ tries: 1, due_at: null })
      expect(await needing()).toMatchObject([
        { attention: 'A refund waits: The statement does not have it.' },
      ])
      await as(raffle.operator, 'POST', `/payments/${order.payment.id}/reconcile`)
      expect(daraja.transfers.map((each) => each.OriginatorConversationID)).toEqual([id, `${id}_1`])
      at(NOW + 2 * HOUR)
      await sweep()
      at(NOW + 3 * HOUR)
      await sweep()
      expect((await mark(admin, id, 'failed')).body).toMatchObject({ status: 'failed' })
      expect((await mark(raffle.operator, id, 'paid')).body).toMatchObject({ status: 'paid' })
      expect(await paidBy(id)).toEqual([['cash:manual', PRICE]])
    })

    it('cannot be decided by people while the network is being asked', async () => {
      const { id, admin } = await silent()
      const statuses: number[] = []
      const asking = vi.spyOn(daraja, 'b2c').mockImplementation(async () => {
        for (const what of ['paid', 'failed'] as const) {
          statuses.push((await mark(admin, id, what)).status)
        }
      })
      at(NOW + 2 * HOUR)
      await sweep()
      asking.mockRestore()
      expect(statuses).toEqual([409, 409])
      expect((await mark(admin, id, 'paid')).status).toBe(200)
    })

    it('and is marked as failed just before the network is asked is not asked for under the old key', async () => {
      const { id, admin } = await silent()
      const asking = vi.spyOn(daraja, 'b2c')
      at(NOW + 2 * HOUR)
      const { DB, done } = interrupted(/^update "refunds"/i, () => mark(admin, id, 'failed'))
      await sweep({ DB })
      expect([done(), asking.mock.calls.length]).toEqual([true, 0])
      asking.mockRestore()
      expect(await refundRow(id)).toMatchObject({ status: 'failed', tries: 1 })
    })
  })
})
