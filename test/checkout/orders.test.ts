// Orders: held as a whole or not at all, paid once, with a history in words. Late, double or wrong money is refunded.
import { env } from 'cloudflare:workers'
import { describe, expect, it, vi } from 'vitest'
import { createContext } from '../../src/core/context.ts'
import { settingsOf } from '../../src/core/settings.ts'
import { sandbox } from '../../src/money/providers/sandbox.ts'
import { payments } from '../../src/money/schema.ts'
import { settleCaptures } from '../../src/payments/settle-order.ts'
import { countTrips } from '../harness/count-database.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer, testContext } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  catchUp,
  HOUR,
  iso,
  MINUTE,
  NOW,
  newKey,
  SECOND,
  type Staged,
  sweep,
  useClock,
} from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import {
  historyOf,
  orderOf,
  PRICE,
  paid,
  press,
  purchase,
  reserve,
  stagePriced,
  withKey,
} from './checkout.ts'

useClock()

const HOLD = 10 * MINUTE
const availability = async (raffleId: string) => {
  await catchUp(raffleId)
  return (await as(null, 'GET', `/raffles/${raffleId}/availability`)).body
}

describe('a purchase of priced tickets', () => {
  it('holds them, and returns where and until when to pay', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const { status, body } = await purchase(player, id, { quantity: 3 })
    expect(status).toBe(201)
    expect(body.reservation).toMatchObject({
      state: 'held',
      quantity: 3,
      heldUntil: iso(NOW + HOLD + 2 * MINUTE),
    })
    expect(body.order).toMatchObject({
      status: 'pending',
      amount: { amount: 3 * PRICE, currency: 'KES' },
      payUntil: iso(NOW + HOLD),
      payment: { provider: 'sandbox', status: 'pending' },
    })
    expect(body.order.payment.checkoutUrl).toContain('/sandbox/checkout/')
    expect(await availability(id)).toMatchObject({ sold: 0, held: 3 })
  })

  it('issues the tickets once it is paid, and records it in the history', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id, 3)
    await press(bought.checkoutUrl, 'approve')
    const order = await orderOf(player, bought.id)
    expect(order).toMatchObject({ status: 'paid', lines: [{ state: 'issued', quantity: 3 }] })
    expect(order.lines[0].tickets).toEqual([
      { number: 1, label: '1' },
      { number: 2, label: '2' },
      { number: 3, label: '3' },
    ])
    expect(historyOf(order)).toMatch(
      /Reserved.*\nReceived KES 15\.00 by sandbox\.\nPaid\. 3 tickets issued\./s,
    )
    expect(await availability(id)).toMatchObject({ sold: 3, held: 0 })
    expect((await as(player, 'GET', `/tickets/${bought.reservationId}`)).body.reservation.state).toBe('sold')
  })

  it('makes one order for each key, however often the request is repeated', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const key = newKey()
    const answers = await Promise.all([1, 2, 3].map(() => purchase(player, id, { quantity: 2 }, { key })))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.order.id)).size).toBe(1)
    expect(await availability(id)).toMatchObject({ held: 2 })
    const other = await purchase(player, id, { quantity: 1 }, { key })
    expect(other.body.code).toBe('idempotency_mismatch')
  })

  it('holds nothing under the key of another order', async () => {
    const [first, second] = [await stagePriced(), await stagePriced()]
    const player = await registerPlayer()
    const key = newKey()
    await purchase(player, first.id, { quantity: 1 }, { key })
    const { status, body } = await purchase(player, second.id, { quantity: 1 }, { key })
    expect([status, body.code]).toEqual([409, 'idempotency_mismatch'])
    expect(await availability(second.id)).toMatchObject({ held: 0 })
  })

  it('bought alone takes few trips to the database and writes few rows', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    await paid(player, id)
    const trips = await countTrips(async () => press((await reserve(player, id)).checkoutUrl, 'approve'))
    // The sandbox’s own rows and trips stand for calls to a provider.
    const ours = trips
      .map(({ statements }) => statements.filter(({ sql }) => !sql.includes('"sandbox_charges"')))
      .filter((statements) => statements.length > 0)
    const rows = ours.flat().reduce((sum, each) => sum + each.rows, 0)
    const listed = ours.map((statements) => statements.map((each) => `${each.rows} ${each.sql.slice(0, 60)}`))
    // Exact, so that a count that misses something fails too. `docs/money.md` lists them.
    const counted = { trips: ours.length, rows }
    const atOnce = { trips: 5, rows: 29 }
    // On a slow machine half a second passes before the payment, and the hold is projected by itself.
    const later = { trips: 6, rows: 31 }
    expect([atOnce, later], JSON.stringify({ counted, listed }, null, 1)).toContainEqual(counted)
  })

  it('is visible to its buyer, and not found for others', async () => {
    const { id, operator } = await stagePriced()
    const bought = await reserve(await registerPlayer(), id)
    const stranger = await registerPlayer()
    for (const [method, path, body] of [
      ['GET', `/orders/${bought.id}`, undefined],
      ['POST', `/orders/${bought.id}/cancel`, undefined],
      ['POST', `/orders/${bought.id}/pay`, { provider: 'sandbox' }],
    ] as const) {
      const answer = await as(stranger, method, path, body, withKey(newKey()))
      expect([answer.status, answer.body.detail]).toEqual([404, 'No such order.'])
    }
    // Members who manage it see it, but not its payment page.
    const managed = (await as(operator, 'GET', `/orders/${bought.id}`)).body
    expect(managed.payment).toMatchObject({ status: 'pending', checkoutUrl: null })
    expect(JSON.stringify(managed)).not.toContain('/sandbox/checkout/')
    expect((await as(stranger, 'GET', '/orders')).body.data).toEqual([])
  })
})

describe('an order of several lines', () => {
  it('is paid once, and all its tickets are issued together', async () => {
    const first = await stagePriced()
    const second = await stagePriced({ numbering: 'chosen' }, first)
    const player = await registerPlayer()
    const lines = [
      { raffleId: first.id, quantity: 2 },
      { raffleId: second.id, numbers: [7, 13] },
    ]
    const { status, body } = await as(
      player,
      'POST',
      '/orders',
      { lines, payment: { provider: 'sandbox' } },
      withKey(newKey()),
    )
    expect(status).toBe(201)
    expect(body.amount.amount).toBe(4 * PRICE)
    await press(body.payment.checkoutUrl, 'approve')
    const order = await orderOf(player, body.id)
    expect(order.lines.map((line: { state: string }) => line.state)).toEqual(['issued', 'issued'])
    expect(order.lines[1].tickets).toEqual([
      { number: 7, label: '7' },
      { number: 13, label: '13' },
    ])
    expect((await as(player, 'GET', '/orders')).body.data).toHaveLength(1)
  })

  it('holds nothing if one line cannot be held', async () => {
    const first = await stagePriced()
    const second = await stagePriced({ totalTickets: 1 }, first)
    await paid(await registerPlayer(), second.id)
    const lines = [first.id, second.id].map((raffleId) => ({ raffleId, quantity: 1 }))
    const player = await registerPlayer()
    const { status, body } = await as(
      player,
      'POST',
      '/orders',
      { lines, payment: { provider: 'sandbox' } },
      withKey(newKey()),
    )
    expect([status, body.code]).toEqual([409, 'sold_out'])
    expect(await availability(first.id)).toMatchObject({ held: 0 })
    expect((await as(player, 'GET', '/orders')).body.data).toEqual([])
  })

  it('must have one currency', async () => {
    const first = await stagePriced()
    const second = await stagePriced({ ticketPrice: { amount: 5, currency: 'USD' } }, first)
    const lines = [first.id, second.id].map((raffleId) => ({ raffleId, quantity: 1 }))
    const { status, body } = await as(
      await registerPlayer(),
      'POST',
      '/orders',
      { lines, payment: { provider: 'sandbox' } },
      withKey(newKey()),
    )
    expect([status, body.errors[0].path]).toEqual([422, 'lines.1'])
    expect(await availability(first.id)).toMatchObject({ held: 0 })
    expect(await availability(second.id)).toMatchObject({ held: 0 })
  })
})

describe('a payment', () => {
  it('that is declined leaves the order open for another, within the same time to pay', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    await press(bought.checkoutUrl, 'decline')
    const declined = await orderOf(player, bought.id)
    expect(declined).toMatchObject({ status: 'pending', payment: { status: 'failed' } })
    at(NOW + 5 * MINUTE)
    const { status, body } = await as(
      player,
      'POST',
      `/orders/${bought.id}/pay`,
      { provider: 'sandbox' },
      withKey(newKey()),
    )
    expect(status).toBe(201)
    expect(body.payUntil).toBe(iso(NOW + HOLD))
    await press(body.payment.checkoutUrl, 'approve')
    expect(await orderOf(player, bought.id)).toMatchObject({ status: 'paid' })
  })

  it('cannot be started after the time to pay', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    at(NOW + HOLD)
    const { status, body } = await as(
      player,
      'POST',
      `/orders/${bought.id}/pay`,
      { provider: 'sandbox' },
      withKey(newKey()),
    )
    expect([status, body.code]).toEqual([410, 'hold_expired'])
  })

  it('is refused by a provider that the raffle does not accept', async () => {
    const { id } = await stagePriced({ providers: ['sandbox'] })
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    const { status, body } = await as(
      player,
      'POST',
      `/orders/${bought.id}/pay`,
      { provider: 'manual' },
      withKey(newKey()),
    )
    expect([status, body.errors[0].path]).toEqual([422, 'provider'])
  })

  it('that is captured twice counts once, and the second capture is refunded', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id, 2)
    await press(bought.checkoutUrl, 'twice')
    const order = await orderOf(player, bought.id)
    expect(order.status).toBe('paid')
    expect(historyOf(order)).toContain('This order was already paid. KES 10.00 will be refunded to you.')
    expect(await availability(id)).toMatchObject({ sold: 2 })
  })

  it('is refunded if another payment has already paid the order', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    const { body } = await as(
      player,
      'POST',
      `/orders/${bought.id}/pay`,
      { provider: 'sandbox' },
      withKey(newKey()),
    )
    await press(body.payment.checkoutUrl, 'approve')
    await press(bought.checkoutUrl, 'approve')
    const order = await orderOf(player, bought.id)
    expect(order.status).toBe('paid')
    expect(historyOf(order)).toContain('This order was already paid.')
  })

  it.each([
    ['less than the price is refunded, and the order stays open', PRICE - 1, 'pending', 'arrived instead of'],
    [
      'more than the price pays the order, and the rest is refunded',
      PRICE + 7,
      'paid',
      'more than the price',
    ],
  ])('of %s', async (_what, amount, status, words) => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    const settings = settingsOf(env)
    if (!settings.ok) throw new Error('not configured')
    const ctx = createContext(env, settings.settings, NOW, 'test')
    const payment = (await ctx.db.select().from(payments)).find(({ orderId }) => orderId === bought.id)!
    const captures = [{ reference: newKey(), amount, currency: 'KES' }]
    await settleCaptures(ctx, payment, { status: 'succeeded', captures, reason: null })
    const order = await orderOf(player, bought.id)
    expect(order.status).toBe(status)
    expect(historyOf(order)).toContain(words)
  })
})

describe('the fee that a provider keeps', () => {
  it('is borne by the platform once, and the order is paid in full', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    const ctx = testContext(NOW)
    const payment = (await ctx.db.select().from(payments)).find(({ orderId }) => orderId === bought.id)!
    await env.DB.prepare("UPDATE sandbox_charges SET status = 'approved', captures = 1 WHERE id = ?")
      .bind(payment.id)
      .run()
    const captures = [{ reference: `${payment.id}-1`, amount: PRICE, currency: 'KES', fee: 29 }]
    for (let report = 0; report < 2; report++) {
      await settleCaptures(ctx, payment, { status: 'succeeded', captures, reason: null })
    }
    expect((await orderOf(player, bought.id)).status).toBe('paid')
    const { results } = await env.DB.prepare(
      `SELECT debit, credit, amount FROM transfers WHERE transaction_id LIKE 'receipt:%' AND order_id = ? ORDER BY part`,
    )
      .bind(bought.id)
      .all()
    expect(results).toEqual([
      { debit: 'cash:sandbox', credit: 'deposits', amount: PRICE },
      { debit: 'fees', credit: 'cash:sandbox', amount: 29 },
    ])
    expect(await audit(env, { settled: false, raffles: [id] })).toEqual([])
  })
})

describe('an unpaid order', () => {
  it('expires, and its numbers are available again', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id, 2)
    at(NOW + HOLD - 1)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('pending')
    at(NOW + HOLD)
    await sweep()
    const order = await orderOf(player, bought.id)
    expect(order).toMatchObject({ status: 'expired', lines: [{ state: 'released', tickets: [] }] })
    expect(historyOf(order)).toContain('Not paid in time.')
    expect(await availability(id)).toMatchObject({ held: 0, sold: 0 })
  })

  it('can be cancelled by its buyer until it is paid', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const open = await reserve(player, id)
    const { body } = await as(player, 'POST', `/orders/${open.id}/cancel`)
    expect(body.status).toBe('cancelled')
    expect(await availability(id)).toMatchObject({ held: 0 })
    const bought = await paid(player, id)
    const { status, body: refused } = await as(player, 'POST', `/orders/${bought.id}/cancel`)
    expect([status, refused.detail]).toEqual([409, 'This order is paid: ask the organiser for a refund.'])
  })

  it('is cancelled or expires even if its payment cannot be stopped at the provider', async () => {
    expectLogged('a payment could not be stopped')
    const { id } = await stagePriced()
    const player = await registerPlayer()
    vi.spyOn(sandbox, 'stop').mockRejectedValue(new Error('its session is over'))
    const open = await reserve(player, id)
    expect((await as(player, 'POST', `/orders/${open.id}/cancel`)).body.status).toBe('cancelled')
    const late = await reserve(player, id)
    at(NOW + HOLD)
    await sweep()
    expect((await orderOf(player, late.id)).status).toBe('expired')
    expect(await availability(id)).toMatchObject({ held: 0 })
  })

  it('that is paid late gets tickets while there are any', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id, 2)
    at(NOW + HOLD)
    await sweep()
    at(NOW + HOLD + MINUTE)
    await press(bought.checkoutUrl, 'approve')
    expect(await orderOf(player, bought.id)).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    expect(await availability(id)).toMatchObject({ sold: 2 })
  })

  it.each([
    [
      'its raffle is cancelled',
      {},
      async (raffle: Staged) => {
        const reason = { reason: 'It rains.' }
        expect((await as(raffle.operator, 'POST', `/raffles/${raffle.id}/cancel`, reason)).status).toBe(200)
      },
      '“A late one” was cancelled before your tickets were issued. KES 5.00 will be refunded to you.',
    ],
    [
      'the ticket list is fixed',
      {},
      async () => at(CLOSES_AT + HOUR - MINUTE),
      'The list of tickets of “A late one” was fixed for the draw before your payment arrived. KES 5.00 will be refunded to you.',
    ],
    [
      'its buyer has reached the limit by another order',
      { maxPerUser: 1 },
      async (raffle: Staged, buyer: Person) => {
        await paid(buyer, raffle.id)
      },
      'You already have as many tickets of “A late one” as one person may have. KES 5.00 will be refunded to you.',
    ],
    [
      'its buyer has reached the limit by another order and the chosen number is free',
      { maxPerUser: 1, numbering: 'chosen' },
      async (raffle: Staged, buyer: Person) => {
        const { body } = await purchase(buyer, raffle.id, { numbers: [2] })
        await press(body.order.payment.checkoutUrl, 'approve')
      },
      'You already have as many tickets of “A late one” as one person may have. KES 5.00 will be refunded to you.',
    ],
  ])('that is paid after %s shows this reason', async (_name, changes, meanwhile, text) => {
    const raffle = await stagePriced({ title: 'A late one', ...changes })
    const late = await registerPlayer()
    const what = 'numbering' in changes ? { numbers: [1] } : { quantity: 1 }
    const { body } = await purchase(late, raffle.id, what)
    at(NOW + HOLD)
    await sweep()
    await meanwhile(raffle, late)
    await press(body.order.payment.checkoutUrl, 'approve')
    const order = await orderOf(late, body.order.id)
    expect(order).toMatchObject({ lines: [{ state: 'lost' }], refunded: { amount: PRICE } })
    expect(historyOf(order)).toContain(text)
    expect(historyOf(order)).not.toContain('went to others')
  })

  it('that is paid after its numbers went to others is refunded', async () => {
    const { id } = await stagePriced({ totalTickets: 1 })
    const late = await registerPlayer()
    const bought = await reserve(late, id)
    at(NOW + HOLD)
    await sweep()
    await paid(await registerPlayer(), id)
    await press(bought.checkoutUrl, 'approve')
    const order = await orderOf(late, bought.id)
    expect(['refund_due', 'refunded']).toContain(order.status)
    expect(order).toMatchObject({ lines: [{ state: 'lost' }], refunded: { amount: PRICE } })
    expect(historyOf(order)).toContain(
      'The numbers went to others before your payment arrived. KES 5.00 will be refunded to you.',
    )
    at(NOW + HOLD + 2 * MINUTE)
    await sweep()
    expect((await orderOf(late, bought.id)).status).toBe('refunded')
  })

  it('is settled by the sweep if no webhook reports its money', async () => {
    const { id } = await stagePriced()
    const player = await registerPlayer()
    const bought = await reserve(player, id)
    await press(bought.checkoutUrl, 'later')
    expect((await orderOf(player, bought.id)).status).toBe('pending')
    at(NOW + HOLD - 10 * SECOND)
    await sweep()
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })
})
