// Payments by Stripe, through the real routes, with a fake of Stripe on the network: each goes well once, and wrong in every
// way that Stripe's manual knows. The till in the ledger is what Stripe's own books say.
import { env } from 'cloudflare:workers'
import { beforeEach, describe, expect, it } from 'vitest'
import { askPool } from '../../src/tickets/client.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { historyOf, orderOf, refund, withKey } from '../checkout/checkout.ts'
import { feeOf } from '../fakes/stripe/books.ts'
import { call } from '../harness/client.ts'
import { AWAY } from '../harness/faults.ts'
import { allowLogged, expectLogged } from '../harness/log.ts'
import { registerPlayer, testContext } from '../harness/people.ts'
import { withShortTimers } from '../harness/short-timers.ts'
import {
  as,
  at,
  CLOSES_AT,
  HOUR,
  MINUTE,
  NOW,
  newKey,
  ringAlarm,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import {
  all,
  boughtBy,
  buyBy,
  PRICE,
  paymentRow,
  post,
  postAll,
  receiptsOf,
  refundsOf,
  sentToPay,
  sessionOf,
  stageSale,
  till,
  USD,
  useStripe,
} from './stripe-stage.ts'

useClock()
const network = useStripe()

let raffle: Staged
let tillBefore: number
beforeEach(async () => {
  tillBefore = await till()
  raffle = await stageSale()
})

/** Our books equal Stripe's, and no rule of the product is broken. */
async function expectSound(settled = false): Promise<void> {
  expect((await till()) - tillBefore).toBe(network.stripe.books.balanceOf('usd'))
  expect(await audit(env, { raffles: [raffle.id], settled })).toEqual([])
}

const payUntilOf = ({ payUntil }: { payUntil: string }): number => Date.parse(payUntil)

describe('a payment on Stripe’s page', () => {
  it('is one session, for the order’s sum and time, by methods that pay at once', async () => {
    const { order } = await sentToPay(raffle, { quantity: 3 })
    expect(order.payment).toMatchObject({ status: 'pending', message: 'Pay on Stripe’s page.' })
    const [{ fields, key }] = network.stripe.requests as [(typeof network.stripe.requests)[number]]
    expect(key).toBe(order.payment.id)
    expect(fields).toMatchObject({
      mode: 'payment',
      client_reference_id: order.payment.id,
      expires_at: String(payUntilOf(order) / SECOND),
      line_items: [{ quantity: '1', price_data: { currency: 'usd', unit_amount: String(3 * PRICE) } }],
      metadata: { paymentId: order.payment.id, orderId: order.id },
      payment_intent_data: { capture_method: 'automatic', metadata: { paymentId: order.payment.id } },
    })
    expect(fields.allowed_payment_method_types).toContain('card')
    expect(fields.allowed_payment_method_types).not.toContain('sepa_debit')
    expect(fields.success_url).toBe(fields.cancel_url)
    expect(payUntilOf(order) - NOW).toBe(1_860 * SECOND)
  })

  it('is settled once by its event, with Stripe’s fee, however often the event comes', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    const charge = network.stripe.outside.pay(session)
    const [event] = network.stripe.events
    for (let times = 0; times < 3; times++) {
      expect(await post(event!)).toMatchObject({ status: 200, body: { received: true } })
    }
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    expect(await receiptsOf(order.id)).toMatchObject([
      { reference: charge.id, amount: PRICE, currency: 'USD' },
    ])
    expect(
      await all("SELECT debit, amount FROM transfers WHERE debit = 'fees' AND order_id = ?", order.id),
    ).toEqual([{ debit: 'fees', amount: feeOf(PRICE) }])
    await expectSound()
  })

  it('without an event is settled by polling', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.outside.pay(session)
    at(NOW + 20 * SECOND)
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    await postAll(network.stripe)
    await expectSound()
  })

  it('believes no forged, stale or changed event, and stores none of them', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.outside.pay(session)
    const [event] = network.stripe.events
    const forged = [
      { secret: 'whsec_thesecretofsomebodyelse' },
      { timestamp: Math.floor(NOW / SECOND) - 301 },
    ]
    for (const how of forged) expect((await post(event!, how)).status).toBe(403)
    const path = '/api/v1/payments/stripe/webhook'
    expect((await call('POST', path, { raw: JSON.stringify(event) })).status).toBe(403)
    expect((await call('POST', path, { raw: '' })).status).toBe(403)
    expect((await orderOf(buyer, order.id)).status).toBe('pending')
    expect(await all('SELECT * FROM webhooks WHERE subject_id = ?', order.payment.id)).toEqual([])
  })

  it('does not take an event’s word for it: Stripe itself is asked', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    const unpaid = network.stripe.books.find(session, 'checkout.session')!
    const claimed = { ...unpaid, status: 'complete', payment_status: 'paid' }
    network.stripe.outside.tell('checkout.session.completed', claimed)
    await postAll(network.stripe)
    expect((await orderOf(buyer, order.id)).status).toBe('pending')
  })

  it('acknowledges events that are not about it, and stores none of them', async () => {
    const stored = (await all('SELECT event_id FROM webhooks')).length
    const { outside, books } = network.stripe
    outside.tell('invoice.paid', books.make('charge', {}, NOW))
    outside.tell(
      'checkout.session.completed',
      books.make('checkout.session', { client_reference_id: null }, NOW),
    )
    // Another installation shares the account.
    const others = { client_reference_id: 'pay_01kaf1q7v8fmk9m2q0c8w1g6ne' }
    outside.tell('checkout.session.completed', books.make('checkout.session', others, NOW))
    await postAll(network.stripe)
    expect(await all('SELECT event_id FROM webhooks')).toHaveLength(stored)
  })

  it('of a wrong sum is refunded, and the order stays open', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.outside.pay(session, { amount: 100 })
    await postAll(network.stripe)
    const now = await orderOf(buyer, order.id)
    expect(now.status).toBe('pending')
    expect(historyOf(now)).toContain('USD 1.00 arrived instead of USD 50.00. It will be refunded to you.')
    await sweep()
    expect(await refundsOf(order.id)).toMatchObject([{ amount: 100, status: 'paid' }])
    await expectSound()
  })

  it('that nobody pays expires with its order', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    at(payUntilOf(order))
    network.stripe.outside.passTime()
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('expired')
    expect(network.stripe.books.find(session, 'checkout.session')).toMatchObject({ status: 'expired' })
    await postAll(network.stripe)
    expect(await paymentRow(order.payment.id)).toMatchObject({ attention: null })
  })

  it('is expired at Stripe when its order is cancelled', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    expect((await as(buyer, 'POST', `/orders/${order.id}/cancel`)).body.status).toBe('cancelled')
    expect(network.stripe.books.find(session, 'checkout.session')).toMatchObject({ status: 'expired' })
  })

  it('that is paid at the very moment when its order is cancelled pays the order', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.before('POST /v1/checkout/sessions/*/expire', () => network.stripe.outside.pay(session))
    expect((await as(buyer, 'POST', `/orders/${order.id}/cancel`)).body.code).toBe('invalid_state')
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    await postAll(network.stripe)
    await expectSound()
  })

  it('that is paid while its order expires pays the order', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.before('POST /v1/checkout/sessions/*/expire', () => network.stripe.outside.pay(session))
    at(payUntilOf(order))
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    await expectSound()
  })

  it('is not lost if Stripe cannot be reached when the time to pay ends', async () => {
    allowLogged(/a provider could not be reached|a payment could not be stopped/)
    const { buyer, order, session } = await sentToPay(raffle)
    network.stripe.outside.pay(session)
    at(payUntilOf(order))
    for (let times = 0; times < 2; times++) network.stripe.misbehave('GET /v1/checkout/sessions/*', 'timeout')
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('pending')
    at(payUntilOf(order) + 30 * SECOND)
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    await expectSound()
  })

  it('by two sessions of one order is refunded once', async () => {
    const { buyer, order, session } = await sentToPay(raffle)
    const again = await as(
      buyer,
      'POST',
      `/orders/${order.id}/pay`,
      { provider: 'stripe' },
      withKey(newKey()),
    )
    expect(again.status).toBe(201)
    network.stripe.outside.pay(session)
    network.stripe.outside.pay(sessionOf(again.body))
    await postAll(network.stripe, (events) => events.toReversed())
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    expect(await refundsOf(order.id)).toMatchObject([{ amount: PRICE, status: 'paid' }])
    await expectSound()
  })

  it('is not started while less time is left than its page stays open', async () => {
    const { buyer, order } = await sentToPay(raffle)
    await env.DB.prepare("UPDATE payments SET status = 'failed', due_at = NULL WHERE order_id = ?")
      .bind(order.id)
      .run()
    at(NOW + 48 * SECOND)
    expect((await orderOf(buyer, order.id)).payment).toMatchObject({ payWith: ['stripe'], next: 'pay_again' })
    at(NOW + 51 * SECOND)
    const requests = network.stripe.requests.length
    expect(
      await as(buyer, 'POST', `/orders/${order.id}/pay`, { provider: 'stripe' }, withKey(newKey())),
    ).toMatchObject({
      status: 422,
      body: {
        errors: [
          {
            path: 'provider',
            message: `stripe needs more time than is left until ${order.payUntil}: cancel this order and order again`,
          },
        ],
      },
    })
    expect(network.stripe.requests).toHaveLength(requests)
    expect((await orderOf(buyer, order.id)).payment).toMatchObject({
      payWith: [],
      next: 'order_again',
      message: expect.stringContaining('Too little time is left to try again'),
    })
    expect((await as(buyer, 'GET', '/payments?mine=true')).body.data).toMatchObject([{ next: 'order_again' }])
    const back = new URL(network.stripe.requests[0]!.fields.success_url).pathname
    expect((await call('GET', back)).body).toContain('cancel this order, and order again')
  })

  it('is refused in plain words if Stripe does not take the sum', async () => {
    const small = await stageSale({ ticketPrice: USD(20) })
    const { status, body } = await buyBy(await registerPlayer(), small)
    expect(status).toBe(201)
    expect(body.order.payment.status).toBe('failed')
    const cents = await stageSale({ ticketPrice: { amount: 1_500, currency: 'KWD' } })
    expect((await buyBy(await registerPlayer(), cents)).status).toBe(201)
    const draft = { ticketPrice: { amount: 1_505, currency: 'KWD' } }
    await expect(stageSale(draft)).rejects.toThrow('stripe moves KWD only in steps of KWD 0.010')
  })
})

describe('a start whose answer was lost', () => {
  beforeEach(() => allowLogged(/a payment could not be started|a provider could not be reached/))

  it('is found by a repeat of the request: one session, and one payment', async () => {
    const buyer = await registerPlayer()
    const key = newKey()
    network.stripe.misbehave('POST /v1/checkout/sessions', 'lost')
    expect((await buyBy(buyer, raffle, { key })).status).toBe(503)
    const { status, body } = await buyBy(buyer, raffle, { key })
    expect(status).toBe(201)
    expect(network.stripe.books.all('checkout.session')).toHaveLength(1)
    network.stripe.outside.pay(sessionOf(body.order))
    await postAll(network.stripe)
    expect((await orderOf(buyer, body.order.id)).status).toBe('paid')
    await expectSound()
  })

  it('because Stripe keeps the request open, holds the buyer for six seconds only', async () => {
    const buyer = await registerPlayer()
    const key = newKey()
    network.stripe.misbehave('POST /v1/checkout/sessions', 'hang')
    const { result, timers } = await withShortTimers(6 * SECOND, () => buyBy(buyer, raffle, { key }))
    expect(timers).toBeGreaterThan(0)
    expect(result.status).toBe(503)
    const { status, body } = await buyBy(buyer, raffle, { key })
    expect(status).toBe(201)
    expect(network.stripe.books.all('checkout.session')).toHaveLength(1)
    network.stripe.outside.pay(sessionOf(body.order))
    await postAll(network.stripe)
    expect(await receiptsOf(body.order.id)).toMatchObject([{ amount: PRICE }])
    await expectSound()
  })

  it('is found by its event alone, even if it comes before any repeat', async () => {
    const buyer = await registerPlayer()
    network.stripe.misbehave('POST /v1/checkout/sessions', 'lost')
    await buyBy(buyer, raffle)
    const [session] = network.stripe.books.all('checkout.session')
    network.stripe.outside.pay(session!.id)
    await postAll(network.stripe)
    const [{ order_id: id }] = await all(
      'SELECT order_id FROM payments WHERE id = ?',
      session!.client_reference_id,
    )
    expect((await orderOf(buyer, id)).status).toBe('paid')
    expect(network.stripe.books.all('checkout.session')).toHaveLength(1)
    await expectSound()
  })

  it('is found even after Stripe has forgotten its key', async () => {
    const buyer = await registerPlayer()
    network.stripe.misbehave('POST /v1/checkout/sessions', 'lost')
    await buyBy(buyer, raffle)
    const [session] = network.stripe.books.all('checkout.session')
    network.stripe.outside.pay(session!.id)
    at(NOW + 25 * HOUR)
    await postAll(network.stripe)
    expect(network.stripe.books.all('checkout.session')).toHaveLength(1)
    expect(
      await all('SELECT amount FROM receipts WHERE payment_id = ?', session!.client_reference_id),
    ).toEqual([{ amount: PRICE }])
  })

  it('that never reached Stripe is sent again by the sweep while there is time, and never later', async () => {
    for (const [after, sessions] of [
      [20 * SECOND, 1],
      [15 * MINUTE, 0],
    ] as const) {
      at(NOW)
      const known = network.stripe.books.all('checkout.session').length
      network.stripe.misbehave('POST /v1/checkout/sessions', 'timeout')
      expect((await buyBy(await registerPlayer(), raffle)).status).toBe(503)
      at(NOW + after)
      await sweep()
      expect(network.stripe.books.all('checkout.session').length - known).toBe(sessions)
    }
  })

  it('ends with the order’s time to pay, which another provider made longer, and is found though it was sent late', async () => {
    allowLogged(/a payment could not be started|a provider could not be reached/)
    const { id: productId } = await stageProduct({ price: USD(PRICE) })
    const buyer = await registerPlayer()
    const { body } = await as(
      buyer,
      'POST',
      '/orders',
      { lines: [{ productId, quantity: 1 }], pickup: true, payment: { provider: 'manual' } },
      { ...withKey(newKey()), bindings: { HOLD_SECONDS: '3600' } as object },
    )
    const { id, payUntil } = body
    expect(Date.parse(payUntil)).toBe(NOW + HOUR)
    at(NOW + 5 * MINUTE)
    network.stripe.misbehave('POST /v1/checkout/sessions', 'timeout')
    const pay = { provider: 'stripe' }
    expect((await as(buyer, 'POST', `/orders/${id}/pay`, pay, withKey(newKey()))).status).toBe(503)
    at(NOW + 20 * MINUTE)
    network.stripe.misbehave('POST /v1/checkout/sessions', 'lost')
    await sweep()
    const [session, ...more] = network.stripe.books.all('checkout.session')
    expect([session!.expires_at, more]).toEqual([(NOW + HOUR) / SECOND, []])
    network.stripe.outside.pay(session!.id)
    at(NOW + 26 * HOUR)
    await postAll(network.stripe)
    expect(network.stripe.books.all('checkout.session')).toHaveLength(1)
    expect(await receiptsOf(id)).toMatchObject([{ amount: PRICE }])
  })

  it('is not sent a second time under its key after an error of Stripe’s, but the buyer can pay anew', async () => {
    const buyer = await registerPlayer()
    const key = newKey()
    network.stripe.misbehave('POST /v1/checkout/sessions', '500')
    for (let times = 0; times < 2; times++) expect((await buyBy(buyer, raffle, { key })).status).toBe(503)
    const [{ id }] = await all('SELECT id FROM orders WHERE user_id = ?', buyer.id)
    const { status, body } = await as(
      buyer,
      'POST',
      `/orders/${id}/pay`,
      { provider: 'stripe' },
      withKey(newKey()),
    )
    expect(status).toBe(201)
    network.stripe.outside.pay(sessionOf(body))
    await postAll(network.stripe)
    expect((await orderOf(buyer, id)).status).toBe('paid')
    await expectSound()
  })
})

describe('a return from Stripe’s page', () => {
  const pathOf = (address: string) => new URL(address).pathname
  const backFrom = () => pathOf(network.stripe.requests[0]!.fields.success_url)

  it('shows what is known of the order, not what the return claims', async () => {
    await sentToPay(raffle)
    const path = backFrom()
    const { status, body, headers } = await call('GET', path)
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=UTF-8'])
    expect(body).toContain('Not paid yet')
    network.stripe.outside.pay(network.stripe.books.all('checkout.session')[0]!.id)
    expect((await call('GET', path)).body).toContain('<h1>Paid</h1>')
  })

  it('leads on to the shop once Stripe was asked', async () => {
    const returnUrl = 'http://localhost:5173/orders'
    const { buyer, order, session } = await sentToPay(raffle, { more: { returnUrl } })
    network.stripe.outside.pay(session)
    const { status, headers } = await call('GET', backFrom())
    expect([status, headers.get('location')]).toEqual([303, returnUrl])
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
  })

  it('is open only to who was sent to pay', async () => {
    const first = await sentToPay(raffle)
    const path = backFrom()
    const other = await sentToPay(raffle)
    for (const wrong of [`${path}x`, path.replace(first.order.payment.id, other.order.payment.id)]) {
      expect((await call('GET', wrong)).status).toBe(404)
    }
  })

  it('says that the payment arrived, even while the pool does not answer', async () => {
    const { session } = await sentToPay(raffle)
    network.stripe.outside.pay(session)
    const path = backFrom()
    expectLogged('a returning payer’s payment was not reconciled')
    const { status, body } = await call('GET', path, { bindings: AWAY })
    expect(status).toBe(200)
    expect(body).toContain('<h1>Payment received</h1>')
    expect(body).toContain(
      'Your payment has arrived. We are finishing your order now: look again in a moment.',
    )
    await sweep()
    expect((await call('GET', path)).body).toContain('<h1>Paid</h1>')
  })

  it('says that the payment is looked for once the time to pay is over', async () => {
    await sentToPay(raffle)
    at(NOW + 31 * MINUTE)
    const { body } = await call('GET', backFrom())
    expect(body).toContain('<h1>Checking your payment</h1>')
    expect(body).toContain('The time to pay is over.')
  })

  it('shows the order even if Stripe does not answer', async () => {
    expectLogged('a provider could not be reached')
    await sentToPay(raffle)
    network.stripe.misbehave('GET /v1/checkout/sessions/*', '500')
    expect((await call('GET', backFrom())).body).toContain('Not paid yet')
  })
})

describe('a refund by Stripe', () => {
  it('goes back to the charge, once', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle, 2)
    const key = newKey()
    expect((await refund(raffle.operator, order.id, {}, key)).status).toBe(201)
    expect((await refund(raffle.operator, order.id, {}, key)).status).toBe(201)
    await postAll(network.stripe)
    await sweep()
    const [row] = await refundsOf(order.id)
    expect(network.stripe.books.all('refund')).toMatchObject([
      { id: row.reference, charge, amount: 2 * PRICE, metadata: { refundId: row.id }, status: 'succeeded' },
    ])
    expect(row.status).toBe('paid')
    expect((await orderOf(buyer, order.id)).status).toBe('refunded')
    await expectSound()
  })

  it('whose answer was lost is found, also after Stripe has forgotten its key', async () => {
    allowLogged(/refund not (resumed|sent yet)/)
    for (const later of [2 * MINUTE, 30 * HOUR]) {
      at(NOW)
      const { order } = await boughtBy(network.stripe, raffle)
      network.stripe.misbehave('POST /v1/refunds', 'lost')
      await refund(raffle.operator, order.id)
      expect((await refundsOf(order.id))[0].status).not.toBe('paid')
      at(NOW + later)
      await sweep()
      expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }])
      expect(network.stripe.books.all('refund').filter(({ amount }) => amount === PRICE)).toHaveLength(
        later === 2 * MINUTE ? 1 : 2,
      )
    }
    await expectSound()
  })

  it('whose key Stripe calls in use has not failed, and is sent once', async () => {
    expectLogged('refund not sent yet')
    const { order } = await boughtBy(network.stripe, raffle)
    network.stripe.misbehave('POST /v1/refunds', 'in use')
    await refund(raffle.operator, order.id)
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'due', tries: 0 }])
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid', tries: 0 }])
    expect(network.stripe.books.all('refund')).toHaveLength(1)
    await expectSound()
  })

  it('of which an earlier try has arrived after all is not sent again', async () => {
    expectLogged('refund not sent yet')
    const { order } = await boughtBy(network.stripe, raffle, 2)
    network.stripe.misbehave('POST /v1/refunds', 'lost')
    // A part, so that Stripe itself would refund it twice.
    await refund(raffle.operator, order.id, { lines: [{ line: 0, numbers: [1] }] })
    // As if another call had got a refusal while the answer of the first was under way.
    await all("UPDATE refunds SET status = 'failed', tries = 1 WHERE order_id = ?", order.id)
    at(NOW + 2 * MINUTE)
    await sweep()
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }])
    expect(network.stripe.books.all('refund')).toHaveLength(1)
    await expectSound()
  })

  it('that is paid, and that Stripe does not show any more, is for a person and not owed again', async () => {
    const { order } = await boughtBy(network.stripe, raffle)
    await refund(raffle.operator, order.id)
    const [made] = network.stripe.books.all('refund')
    network.stripe.books.things.delete(made!.id)
    for (let times = 0; times < 2; times++) {
      network.stripe.outside.tell('refund.updated', made!)
      await postAll(network.stripe)
    }
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }])
    expect((await paymentRow(order.payment.id)).attention).toBe(
      'Compare it with the statement of stripe: it reports as failed what is recorded as paid: a refund of USD 50.00 (it was never sent).',
    )
  })

  it('that is slow is polled until its event or the next poll says that it arrived', async () => {
    network.stripe.outside.refundsAre = 'pending'
    const { order } = await boughtBy(network.stripe, raffle)
    await refund(raffle.operator, order.id)
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'sent' }])
    network.stripe.outside.settleRefund(network.stripe.books.all('refund')[0]!.id)
    await postAll(network.stripe)
    await sweep()
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }])
    await expectSound()
  })

  it('that fails after it had arrived is owed again, and sent anew', async () => {
    const { order } = await boughtBy(network.stripe, raffle)
    await refund(raffle.operator, order.id)
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }])
    network.stripe.outside.failRefund(network.stripe.books.all('refund')[0]!.id)
    await postAll(network.stripe)
    await sweep()
    expect(await refundsOf(order.id)).toMatchObject([{ status: 'paid' }, { status: 'paid' }])
    expect(network.stripe.books.all('refund').map(({ status }) => status)).toEqual(['succeeded', 'failed'])
    await expectSound()
  })

  it('made in Stripe’s dashboard takes the tickets back, once', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle)
    network.stripe.outside.refund(charge, PRICE)
    const events = [...network.stripe.events]
    await postAll(network.stripe)
    for (const event of events) await post(event)
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('refunded')
    expect(network.stripe.books.all('refund')).toHaveLength(1)
    await expectSound()
  })

  it('made in Stripe’s dashboard, which the bank refuses later, is in the till again', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle)
    const { id } = network.stripe.outside.refund(charge, PRICE)
    await postAll(network.stripe)
    await sweep()
    network.stripe.outside.failRefund(id)
    await postAll(network.stripe, (events) => [...events, ...events])
    await expectSound()
    const { attention } = await paymentRow(order.payment.id)
    expect(attention).toContain('stripe returned USD 50.00 after a refund that could not be paid')
    expect(attention).toContain('The buyer has neither this money nor the tickets')
    const { history } = await orderOf(buyer, order.id)
    expect(history.at(-1).text).toBe('Your bank could not pay this money to you, and has returned it.')
  })

  it('made in Stripe’s dashboard, of which nobody heard before it failed, changes nothing', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle)
    const { id } = network.stripe.outside.refund(charge, PRICE)
    network.stripe.outside.failRefund(id)
    await postAll(network.stripe)
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    expect((await paymentRow(order.payment.id)).attention).toBeNull()
    await expectSound()
  })
})

describe('a dispute at Stripe', () => {
  const attentionOf = async (id: string) => (await paymentRow(id)).attention

  it('takes the money and its fee from the till, and the tickets back', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle)
    network.stripe.outside.dispute(charge)
    await postAll(network.stripe)
    await sweep()
    expect((await orderOf(buyer, order.id)).status).toBe('refunded')
    expect(await attentionOf(order.payment.id)).toContain('USD 50.00')
    await expectSound()
  })

  it('that is won returns the money; without its tickets the buyer is left to operators', async () => {
    const { order, charge } = await boughtBy(network.stripe, raffle)
    const { id } = network.stripe.outside.dispute(charge)
    await postAll(network.stripe)
    await sweep()
    network.stripe.outside.winDispute(id)
    const events = [...network.stripe.events]
    await postAll(network.stripe)
    for (const event of events) await post(event)
    expect(await attentionOf(order.payment.id)).toContain(
      'stripe returned USD 50.00 after a dispute that was won',
    )
    expect(await attentionOf(order.payment.id)).toContain('The buyer has neither this money nor the tickets')
    const won = await all(
      "SELECT debit, credit, amount FROM transfers WHERE transaction_id LIKE 'won:%' AND order_id = ?",
      order.id,
    )
    expect(won).toEqual([{ debit: 'cash:stripe', credit: 'disputes', amount: PRICE }])
    await expectSound()
    // The operators pay it back in Stripe's dashboard, and the books are even again.
    network.stripe.outside.refund(charge, PRICE)
    await postAll(network.stripe)
    await expectSound()
  })

  it('about a ticket that stays in the draw costs its organisation, until it is won', async () => {
    const { order, charge } = await boughtBy(network.stripe, raffle)
    at(CLOSES_AT + 35 * MINUTE)
    await ringAlarm(raffle.pool)
    const owed = async () =>
      (
        await all(
          "SELECT coalesce(sum(iif(credit LIKE 'organiser:%', amount, -amount)), 0) AS sum FROM transfers WHERE order_id = ? AND (credit LIKE 'organiser:%' OR debit LIKE 'organiser:%')",
          order.id,
        )
      )[0].sum
    const { id } = network.stripe.outside.dispute(charge)
    await postAll(network.stripe)
    await sweep()
    expect(await owed()).toBe(-PRICE)
    network.stripe.outside.winDispute(id)
    await postAll(network.stripe, (events) => [...events, ...events])
    expect(await owed()).toBe(0)
    expect(await attentionOf(order.payment.id)).toContain('The organisation has it back.')
    await expectSound()
  })

  it('that is won before its tickets are decided is recorded once they are, with the loss returned', async () => {
    const { order, charge } = await boughtBy(network.stripe, raffle)
    at(CLOSES_AT + 35 * MINUTE)
    await ringAlarm(raffle.pool)
    const { id } = network.stripe.outside.dispute(charge)
    network.stripe.outside.winDispute(id)
    const [taken, ...more] = network.stripe.events
    network.stripe.outside.events = []
    expectLogged('refund not resumed', 'a webhook was stored and not acted on')
    // The pool still lists its tickets, but does not decide about them.
    const getByName = (pool: string) => ({
      reservation: (seq: number, of: string) =>
        askPool(testContext(), pool, (stub) => stub.reservation(seq, of)),
      void: () => Promise.reject(new Error('the object cannot be reached')),
    })
    const bindings = { TICKET_POOL: { getByName } as unknown as DurableObjectNamespace }
    expect((await post(taken!, {}, { bindings })).status).toBe(200)
    const moved = () =>
      all(
        "SELECT transaction_id FROM transfers WHERE order_id = ? AND (transaction_id LIKE 'won:%' OR transaction_id LIKE 'loss:%') ORDER BY transaction_id",
        order.id,
      )
    expect(await moved()).toEqual([])
    for (const event of [taken!, ...more]) expect((await post(event)).status).toBe(200)
    at(Date.now() + 2 * MINUTE)
    await sweep()
    expect((await moved()).map(({ transaction_id: key }) => key.replace(/_.*?(:won)?$/, '$1'))).toEqual([
      'loss:org',
      'loss:org:won',
      'won:stripe:du',
    ])
    expect(await attentionOf(order.payment.id)).toContain('The organisation has it back.')
    await expectSound()
  })

  it('that is lost changes nothing more', async () => {
    const { order, charge } = await boughtBy(network.stripe, raffle)
    const { id } = network.stripe.outside.dispute(charge)
    await postAll(network.stripe)
    await sweep()
    const moved = (await all('SELECT * FROM transfers WHERE order_id = ?', order.id)).length
    network.stripe.outside.loseDispute(id)
    await postAll(network.stripe)
    expect(await all('SELECT * FROM transfers WHERE order_id = ?', order.id)).toHaveLength(moved)
    await expectSound()
  })

  it('that is only an inquiry moves nothing', async () => {
    const { buyer, order, charge } = await boughtBy(network.stripe, raffle)
    network.stripe.outside.dispute(charge, { isInquiry: true })
    await postAll(network.stripe)
    expect((await orderOf(buyer, order.id)).status).toBe('paid')
    await expectSound()
  })
})
