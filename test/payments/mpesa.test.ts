// Payments by M-Pesa: one prompt on the phone, one unsigned callback or none, and a query that knows no receipt.
import { env } from 'cloudflare:workers'
import { eq } from 'drizzle-orm'
import { beforeEach, describe, expect, it } from 'vitest'
import { payments } from '../../src/money/schema.ts'
import { startPayment } from '../../src/payments/start-payment.ts'
import { BOOK } from '../catalog/shelf.ts'
import { historyOf, orderOf, stagePriced, withKey } from '../checkout/checkout.ts'
import { callbackOf, type Prompt } from '../fakes/mpesa/mpesa.ts'
import { allowLogged, expectLogged } from '../harness/log.ts'
import {
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
  testContext,
} from '../harness/people.ts'
import { withShortTimers } from '../harness/short-timers.ts'
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
import { confirm, daraja, PHONE, post, sent, useMpesa } from './mpesa-stage.ts'

const PRICE = 50_000
const LOST = { message: 'a payment may have been started', reason: 'the answer was lost' }
const CONTRADICTED = 'the reports of a provider do not match our request'

useClock()
useMpesa()

let raffle: Staged
let player: Person
beforeEach(async () => {
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
const theOnly = (): Prompt => {
  expect(daraja.prompts).toHaveLength(1)
  return daraja.prompts[0]!
}

describe('the request to the phone', () => {
  it('has the form that M-Pesa asks for', async () => {
    const order = await bought()
    expect(sent('push')).toEqual([
      {
        BusinessShortCode: 174_379,
        Password: btoa('174379a-passkey-of-the-fake20310505150000'),
        Timestamp: '20310505150000',
        TransactionType: 'CustomerPayBillOnline',
        Amount: '500',
        PartyA: '254700000001',
        PartyB: '174379',
        PhoneNumber: '254700000001',
        CallBackURL: expect.stringMatching(
          `^http://localhost:8787/api/v1/payments/mpesa/callback/${order.payment.id}\\.[\\w-]{43}$`,
        ),
        AccountReference: order.payment.id.slice(-12).toUpperCase(),
        TransactionDesc: 'Tombola order',
      },
    ])
    expect(order.payment).toMatchObject({
      status: 'pending',
      checkoutUrl: null,
      message: 'Look at your phone: M-Pesa asks you to pay KES 500.00. Enter your M-Pesa PIN there.',
    })
    at(NOW + 20 * SECOND)
    await sweep()
    expect(sent('query')).toEqual([
      {
        BusinessShortCode: 174_379,
        Password: btoa('174379a-passkey-of-the-fake20310505150020'),
        Timestamp: '20310505150020',
        CheckoutRequestID: theOnly().CheckoutRequestID,
      },
    ])
  })

  it('goes to the same phone in each form of its number, and only to Kenyan mobile phones', async () => {
    const key = newKey()
    for (const phone of ['0700000001', '700 000 001', '+254 700 000001', '254700000001', ' 0700-000-001 ']) {
      expect((await buy({ provider: 'mpesa', phone }, key)).status).toBe(201)
    }
    expect(theOnly().phone).toBe('254700000001')
    await as(player, 'POST', '/tickets/purchase', {}, withKey(newKey()))
    for (const phone of ['0207123456', '+447911123456', '07000000012', 'my phone']) {
      const { status, body } = await buy({ provider: 'mpesa', phone })
      expect([phone, status]).toEqual([phone, 422])
      expect(body.errors).toMatchObject([
        { path: 'payment.phone', message: expect.stringMatching(/^must be a/) },
      ])
    }
    expect((await buy({ provider: 'mpesa' })).body.errors).toEqual([
      { path: 'payment.phone', message: 'is required: mpesa prompts on the phone' },
    ])
    const other = await registerPlayer()
    expect((await buy({ provider: 'mpesa', phone: '0110000001' }, newKey(), other)).status).toBe(201)
    expect(daraja.prompts[1]!.phone).toBe('254110000001')
  })

  it('needs whole shillings of Kenya, which publishing says', async () => {
    for (const [ticketPrice, message] of [
      [KES(PRICE + 50), 'mpesa takes whole shillings only, and this is KES 500.50'],
      [{ amount: 500, currency: 'EUR' }, 'mpesa takes KES only, and this is EUR 5.00'],
    ] as const) {
      const draft = await stageDraft({ ticketPrice, providers: ['mpesa'] })
      const { status, body } = await as(draft.operator, 'POST', `/raffles/${draft.id}/publish`)
      expect(status).toBe(422)
      expect(body.errors).toContainEqual({ path: 'providers.0', message })
    }
  })

  it('needs them of a product too, if its organisation sells by M-Pesa alone', async () => {
    const owner = await organisationWithOperator()
    const { operator } = owner
    const sellBy = async (providers: string[]) => {
      const { status } = await as(operator, 'PUT', `/organisations/${owner.id}/selling`, { providers })
      expect(status).toBe(200)
    }
    const create = (changes: object) => as(operator, 'POST', '/products', { ...BOOK, ...changes })
    const refused = {
      status: 422,
      body: {
        errors: [
          { path: 'price.amount', message: 'mpesa takes whole shillings only, and this is KES 10.50' },
        ],
      },
    }
    await sellBy(['mpesa'])
    expect(await create({ price: KES(1_050) })).toMatchObject(refused)
    const draft = await create({ price: KES(1_050), status: 'draft' })
    expect(draft.status).toBe(201)
    const put = (change: object) => as(operator, 'PUT', `/products/${draft.body.id}`, change)
    expect(await put({ status: 'active' })).toMatchObject(refused)
    expect((await put({ status: 'active', price: KES(1_000) })).status).toBe(200)
    // A price that it had before the organisation sold by M-Pesa alone does not keep its other fields from changing.
    await env.DB.prepare('UPDATE products SET price_amount = 1050 WHERE id = ?').bind(draft.body.id).run()
    expect((await put({ title: 'A corrected title' })).status).toBe(200)
    expect(await put({ price: KES(1_050) })).toMatchObject(refused)
    await env.DB.prepare('UPDATE products SET price_amount = 1000 WHERE id = ?').bind(draft.body.id).run()
    expect(await put({ price: KES(1_050) })).toMatchObject(refused)
    const { body } = await as(null, 'GET', `/products/${draft.body.id}`)
    expect(body).toMatchObject({ status: 'active', price: KES(1_000) })
    await sellBy(['mpesa', 'manual'])
    expect((await put({ price: KES(1_050) })).status).toBe(200)
  })

  it('is made with one token, which is fetched again once it expires', async () => {
    await bought()
    await bought(newKey(), await registerPlayer())
    const before = sent('token').length
    expect(before).toBeLessThanOrEqual(1)
    daraja.misbehave('push', 'expired')
    const { payment } = await bought(newKey(), await registerPlayer())
    expect(sent('token')).toHaveLength(before + 1)
    at(NOW + HOUR - 30 * SECOND)
    expect((await as(player, 'POST', `/payments/${payment.id}/reconcile`)).status).toBe(404)
    expect((await as(raffle.operator, 'POST', `/payments/${payment.id}/reconcile`)).status).toBe(200)
    expect(sent('token')).toHaveLength(before + 2)
    expect(daraja.prompts).toHaveLength(3)
  })

  it('is not made without a token: the payment fails, and the buyer can pay again', async () => {
    expectLogged('M-Pesa gives no access')
    daraja.misbehave('push', 'expired')
    daraja.misbehave('token', '500')
    const order = await bought()
    expect(order).toMatchObject({ status: 'pending', payment: { status: 'failed' } })
    expect(daraja.prompts).toEqual([])
    const pay = { provider: 'mpesa', phone: PHONE }
    expect((await as(player, 'POST', `/orders/${order.id}/pay`, pay, withKey(newKey()))).status).toBe(201)
    expect(theOnly().code).toBeNull()
  })

  it.each(['refuse', 'busy'] as const)(
    'that M-Pesa refuses (%s) fails at once, and the buyer can pay again',
    async (fault) => {
      daraja.misbehave('push', fault)
      const order = await bought()
      expect(order).toMatchObject({ status: 'pending', payment: { status: 'failed', next: 'pay_again' } })
      expect(historyOf(await orderOf(player, order.id))).toContain(
        'The payment failed: M-Pesa did not accept the request. Check the phone number, or try again in a minute.',
      )
      const second = await as(
        player,
        'POST',
        `/orders/${order.id}/pay`,
        { provider: 'mpesa', phone: '0700 000 002' },
        withKey(newKey()),
      )
      expect(second).toMatchObject({ status: 201, body: { payment: { status: 'pending' } } })
      expect(theOnly().phone).toBe('254700000002')
      for (const ms of [5 * MINUTE, HOUR, HOUR + MINUTE]) {
        at(NOW + ms)
        await sweep()
      }
      expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'failed', attention: null })
    },
  )
})

describe('a second request while the phone may show the first', () => {
  const pay = { provider: 'mpesa', phone: PHONE }
  const again = (order: { id: string }) =>
    as(player, 'POST', `/orders/${order.id}/pay`, pay, withKey(newKey()))
  const refused = {
    status: 409,
    body: {
      code: 'conflict',
      detail:
        'Look at your phone: it may show a payment request of this order. If it does not, try again at 2031-05-05T12:01:00.000Z.',
    },
  }

  it('is refused for a minute, and one of two at once is', async () => {
    const order = await bought()
    expect(await again(order)).toMatchObject(refused)
    at(NOW + MINUTE - 1)
    expect(await again(order)).toMatchObject(refused)
    expect(daraja.prompts).toHaveLength(1)
    at(NOW + MINUTE)
    const both = await Promise.all([again(order), again(order)])
    expect(both.map(({ status }) => status).sort()).toEqual([201, 409])
    expect(daraja.prompts).toHaveLength(2)
  })

  it('is sent once the first is known to be over', async () => {
    const order = await bought()
    await daraja.cancel(theOnly(), 1032)
    expect((await again(order)).status).toBe(201)
    expect(daraja.prompts).toHaveLength(2)
  })
})

describe('a payment on the phone', () => {
  it('is settled once by its callback, even if that repeats, and its receipt number is stored', async () => {
    const order = await bought()
    const push = theOnly()
    expect(await confirm(push, 'RLA0R69NXM')).toMatchObject({
      status: 200,
      body: { ResultCode: 0, ResultDesc: 'Accepted' },
    })
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect((await confirm(push, 'RLA0R69NXM')).status).toBe(200)
    expect(await receiptsOf(order.id)).toMatchObject([
      { reference: push.CheckoutRequestID, amount: PRICE, receipt_number: 'RLA0R69NXM' },
    ])
    expect(await all("SELECT balance FROM tills WHERE account = 'cash:mpesa'")).toBeTruthy()
    expect(daraja.till).toBe(PRICE / 100)
  })

  it('accepts callbacks only at its issued address, and only if a query confirms them', async () => {
    const order = await bought()
    const stranger = await registerPlayer()
    const other = await bought(newKey(), stranger)
    const [push, otherPush] = daraja.prompts as [Prompt, Prompt]
    const forged = callbackOf(push, { code: 0, receipt: 'RLB0R69NXM' })
    const before = (await all('SELECT event_id FROM webhooks')).length
    for (const wrong of [
      `${push.callBackUrl}x`,
      push.callBackUrl.replace(/\.[^.]+$/, ''),
      push.callBackUrl.replace('/callback/', '/webhook/'),
      push.callBackUrl.replace('/callback/', '/result/'),
    ]) {
      expect((await post(wrong, forged)).status).toBeOneOf([403, 404])
    }
    for (const malformed of ['{}', '', 'not JSON']) {
      expect((await post(push.callBackUrl, malformed)).status).toBe(400)
    }
    expect(await all('SELECT event_id FROM webhooks')).toHaveLength(before)
    // Even if the address leaks, the query shows that no money arrived. Nor does the payment of somebody else count.
    expect((await post(push.callBackUrl, forged)).status).toBe(200)
    daraja.pay(otherPush)
    await post(push.callBackUrl, callbackOf(otherPush))
    expect((await orderOf(player, order.id)).status).toBe('pending')
    await confirm(otherPush, otherPush.receipt!)
    expect((await orderOf(stranger, other.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toEqual([])
  })

  it('whose query does not know it yet is credited once it does', async () => {
    const order = await bought()
    const push = theOnly()
    await post(push.callBackUrl, callbackOf(push, { code: 0, receipt: 'RLR0R69NXM' }))
    expect((await orderOf(player, order.id)).status).toBe('pending')
    expect(await receiptsOf(order.id)).toEqual([])
    daraja.pay(push)
    at(NOW + 20 * SECOND)
    await sweep()
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ receipt_number: 'RLR0R69NXM' }])
  })

  it('whose only callback came when nothing polled it is credited by the sweep', async () => {
    expectLogged('a webhook was stored and not acted on')
    const order = await bought()
    const push = theOnly()
    await stopPolling(order.id)
    await post(push.callBackUrl, callbackOf(push, { code: 0, receipt: 'RLS0R69NXM' }))
    daraja.pay(push)
    at(NOW + MINUTE)
    await sweep()
    expect((await orderOf(player, order.id)).status).toBe('paid')
  })

  it('without a callback is settled by polling; a later callback only adds the receipt number', async () => {
    const order = await bought()
    const push = theOnly()
    daraja.pay(push)
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
    const [firstPush, secondPush] = daraja.prompts as [Prompt, Prompt]
    await confirm(firstPush, 'RLD0R69NXM')
    await confirm(secondPush, 'RLD0R69NXM')
    expect((await orderOf(player, first.id)).status).toBe('paid')
    expect((await orderOf(other, second.id)).status).toBe('pending')
    expect(await receiptsOf(second.id)).toEqual([])
    expect((await paymentRow(second.payment.id)).attention).toBe(
      'mpesa reports that KES 500.00 arrived (RLD0R69NXM), which does not match our records.',
    )
  })

  it.each([
    [{ amount: 1 }, 'a callback says that KES 1.00 was paid instead of KES 500.00'],
    [{ phone: '254700999999' }, 'a callback says that another phone has paid'],
  ])(
    'is never credited by a callback that does not match it, and a person is told at once: %o',
    async (changes, why) => {
      expectLogged(CONTRADICTED)
      const order = await bought()
      const push = theOnly()
      daraja.pay(push)
      await post(push.callBackUrl, callbackOf(push, { ...changes, receipt: 'RLE0R69NXM' }))
      expect((await orderOf(player, order.id)).status).toBe('pending')
      expect(await receiptsOf(order.id)).toEqual([])
      expect((await paymentRow(order.payment.id)).attention).toBe(
        `Compare it with the statement of mpesa: ${why} (receipt RLE0R69NXM).`,
      )
      const listed = await as(raffle.operator, 'GET', '/payments?needs=attention')
      expect(listed.body.data).toMatchObject([{ id: order.payment.id }])
    },
  )

  it('is credited though its callback leaves out who paid how much, because the query confirms our request', async () => {
    const order = await bought()
    const push = theOnly()
    daraja.pay(push)
    await post(
      push.callBackUrl,
      callbackOf(push, { without: ['Amount', 'PhoneNumber', 'MpesaReceiptNumber'] }),
    )
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: null }])
    await confirm(push, 'RLT0R69NXM')
    expect(await receiptsOf(order.id)).toMatchObject([{ amount: PRICE, receipt_number: 'RLT0R69NXM' }])
  })

  it('that M-Pesa calls both paid and failed is for a person', async () => {
    expectLogged(CONTRADICTED)
    const order = await bought()
    const push = theOnly()
    daraja.decline(push, 1032)
    await post(push.callBackUrl, callbackOf(push, { code: 0, receipt: 'RLU0R69NXM' }))
    expect((await paymentRow(order.payment.id)).attention).toBe(
      'Compare it with the statement of mpesa: a callback says that it was paid, and M-Pesa’s query says: it was cancelled on the phone.',
    )
    expect(await receiptsOf(order.id)).toEqual([])
  })

  it.each([
    [1, 'there was not enough money on the phone'],
    [17, 'M-Pesa had an error'],
    [26, 'M-Pesa was too busy'],
    [1001, 'another M-Pesa payment was under way on the phone'],
    [1019, 'the payment request on the phone expired'],
    [1025, 'the payment request could not be sent to the phone'],
    [1032, 'it was cancelled on the phone'],
    [1037, 'the phone did not answer'],
    [2001, 'the PIN was wrong'],
    [9999, 'the payment request could not be sent to the phone'],
  ])('that fails with code %i shows why', async (code, why) => {
    const order = await bought()
    await daraja.cancel(theOnly(), code)
    expect((await orderOf(player, order.id)).payment).toMatchObject({
      status: 'failed',
      message: `This payment did not go through, because ${why}. Your order is still held: try again, or pay another way.`,
    })
    expect(historyOf(await orderOf(player, order.id))).toContain(`The payment failed: ${why}.`)
  })

  it('that failed is paid by a later success, even if an older failure comes last', async () => {
    const order = await bought()
    const push = theOnly()
    await daraja.cancel(push, 1037)
    await confirm(push, 'RLF0R69NXM')
    await post(push.callBackUrl, callbackOf(push, { code: 1032 }))
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'succeeded', attention: null })
  })

  it('stays pending while M-Pesa processes it, and if its code is unknown, until a person looks', async () => {
    const order = await bought()
    const push = theOnly()
    daraja.misbehave('query', 'processing')
    at(NOW + 20 * SECOND)
    await sweep()
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'pending', attention: null })
    daraja.decline(push, 4242)
    for (const ms of [40 * SECOND, 75 * SECOND, 120 * SECOND, 5 * MINUTE, 15 * MINUTE]) {
      at(NOW + ms)
      await sweep()
      expect((await paymentRow(order.payment.id)).attention).toBeNull()
    }
    at(NOW + HOUR)
    await sweep()
    expect((await paymentRow(order.payment.id)).attention).toBe(
      'mpesa does not know what became of it: M-Pesa’s query answered with code 4242.',
    )
  })

  it('stays pending while M-Pesa cannot be reached', async () => {
    expectLogged('a provider could not be reached')
    const order = await bought()
    daraja.pay(theOnly())
    daraja.misbehave('query', 'unreachable')
    at(NOW + 20 * SECOND)
    await sweep()
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'pending' })
    daraja.misbehave('query', '500')
    at(NOW + 40 * SECOND)
    await sweep()
    expect(await paymentRow(order.payment.id)).toMatchObject({ status: 'pending' })
    at(NOW + 75 * SECOND)
    await sweep()
    expect((await orderOf(player, order.id)).status).toBe('paid')
  })

  it('that the network requested twice is credited once, and the other money goes back', async () => {
    const order = await bought()
    const push = theOnly()
    // The second prompt has the same address: only our network, or M-Pesa’s, can have doubled the request.
    const twin = { ...push, CheckoutRequestID: `${push.CheckoutRequestID}2` }
    daraja.prompts.push(twin)
    await confirm(push, 'RLV0R69NXM')
    await confirm(twin, 'RLW0R69NXM')
    const now = await orderOf(player, order.id)
    expect(now.status).toBe('paid')
    expect(historyOf(now)).toContain('This order was already paid. KES 500.00 will be refunded to you.')
    expect(await receiptsOf(order.id)).toHaveLength(2)
  })
})

it('a request to the phone that hangs holds the buyer for fifteen seconds only, and its money is credited once', async () => {
  allowLogged({ message: 'a payment may have been started', reason: /timed? ?out/i })
  daraja.misbehave('push', 'hang')
  const key = newKey()
  const { result: order, timers } = await withShortTimers(15 * SECOND, () => bought(key))
  expect(timers).toBe(1)
  expect(order.payment.status).toBe('pending')
  expect((await buy(undefined, key)).body.order.id).toBe(order.id)
  await confirm(theOnly(), 'RLK0R69NXM')
  expect((await orderOf(player, order.id)).status).toBe('paid')
  expect(await receiptsOf(order.id)).toMatchObject([{ receipt_number: 'RLK0R69NXM', amount: PRICE }])
})

describe('a prompt whose answer was lost', () => {
  beforeEach(() => {
    allowLogged(LOST)
    daraja.misbehave('push', 'lost')
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
    expect(daraja.prompts).toHaveLength(1)
    expect((await orderOf(player, order.id)).payment.message).toMatch(UNANSWERED)
  })

  it('is settled by its callback, found by the address alone', async () => {
    const order = await bought()
    await stopPolling(order.id)
    await confirm(daraja.prompts[0]!, 'RLG0R69NXM')
    expect((await orderOf(player, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([{ receipt_number: 'RLG0R69NXM' }])
  })

  it('lets the payer try again; if both payments succeed, the second is refunded', async () => {
    const order = await bought()
    const pay = { provider: 'mpesa', phone: PHONE }
    const again = () => as(player, 'POST', `/orders/${order.id}/pay`, pay, withKey(newKey()))
    at(NOW + MINUTE - 1)
    expect((await again()).status).toBe(409)
    at(NOW + MINUTE)
    const second = await again()
    expect(second.status).toBe(201)
    const [firstPrompt, secondPrompt] = daraja.prompts as [Prompt, Prompt]
    await confirm(secondPrompt, 'RLH0R69NXM')
    await confirm(firstPrompt, 'RLI0R69NXM')
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
    if (!daraja.faults.some(({ fault }) => fault === 'lost')) daraja.misbehave('push', 'lost')
    at(NOW)
    const order = await bought(newKey(), person)
    for (const ms of SWEEPS_AFTER_MS) {
      at(NOW + ms)
      await sweep()
    }
    return { id: order.id, paymentId: order.payment.id, push: daraja.prompts.at(-1)! }
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

  it('proves no phone once it is recorded, because another phone may have paid', async () => {
    const { paymentId } = await lost()
    expect((await record(await signedInAdmin(), paymentId, 'RLP0R69NXM')).status).toBe(201)
    const { phone } = await paymentRow(paymentId)
    const method = { provider: 'mpesa', destination: phone }
    const added = await as(player, 'POST', '/users/me/payout-methods', method)
    expect([added.status, added.body.proof]).toEqual([201, 'missing'])
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
    daraja.reset()
    const { id, payment } = await bought()
    await env.DB.prepare(
      `UPDATE payments SET status = 'starting', reference = NULL, action = NULL WHERE id = ?`,
    )
      .bind(payment.id)
      .run()
    daraja.reset()
    at(NOW + 20 * SECOND)
    await sweep()
    expect(daraja.prompts).toEqual([])
    expect((await orderOf(player, id)).payment.message).toMatch(UNANSWERED)
  })

  it('is sent neither by cancelling nor at the last moment', async () => {
    daraja.reset()
    const markNeverSent = (id: string) =>
      env.DB.prepare(
        `UPDATE payments SET status = 'starting', reference = NULL, action = NULL, asked_at = NULL WHERE id = ?`,
      )
        .bind(id)
        .run()
    const first = await bought()
    await markNeverSent(first.payment.id)
    daraja.reset()
    expect((await as(player, 'POST', `/orders/${first.id}/cancel`)).body.status).toBe('cancelled')
    const second = await bought()
    await markNeverSent(second.payment.id)
    daraja.reset()
    at(Date.parse(second.payUntil) - 30 * SECOND)
    await sweep()
    at(Date.parse(second.payUntil))
    await sweep()
    expect((await orderOf(player, second.id)).status).toBe('expired')
    expect(daraja.prompts).toEqual([])
  })

  it('is pushed once if two calls start it at the same time', async () => {
    daraja.reset()
    const { payment } = await bought()
    await env.DB.prepare(
      `UPDATE payments SET status = 'starting', reference = NULL, action = NULL, asked_at = NULL WHERE id = ?`,
    )
      .bind(payment.id)
      .run()
    daraja.reset()
    const ctx = testContext()
    const row = await ctx.db.select().from(payments).where(eq(payments.id, payment.id)).get()
    await Promise.all([startPayment(ctx, row!), startPayment(ctx, row!)])
    expect(daraja.prompts).toHaveLength(1)
    expect(await paymentRow(payment.id)).toMatchObject({
      status: 'pending',
      reference: daraja.prompts[0]!.CheckoutRequestID,
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
    const [push] = daraja.prompts as [Prompt]
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
    daraja.pay(push)
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
