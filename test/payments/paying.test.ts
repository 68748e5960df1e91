// Payments of one order: which one it shows, what a repeat returns, how many there may be, and how they end with the order.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { ordered } from '../checkout/cart.ts'
import {
  historyOf,
  orderOf,
  press,
  purchase,
  reserve,
  stagePriced,
  startRemotely,
  withKey,
} from '../checkout/checkout.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, interrupted, MINUTE, NOW, newKey, SECOND, sweep, useClock } from '../raffles/scenario.ts'

useClock()

const HOLD = 10 * MINUTE

const payAgain = (
  person: Person,
  id: string,
  { key = newKey(), body = { provider: 'sandbox' } as object, bindings = {} as Partial<Bindings> } = {},
) => as(person, 'POST', `/orders/${id}/pay`, body, { ...withKey(key), bindings })

async function staged() {
  const raffle = await stagePriced()
  const player = await registerPlayer()
  const bought = await reserve(player, raffle.id, 2)
  return { raffle, player, bought, first: bought.order.payment }
}

/** Makes an order with two payments, both unpaid. */
async function stagedTwoPayments() {
  const stage = await staged()
  at(NOW + SECOND)
  const key = newKey()
  const { status, body } = await payAgain(stage.player, stage.bought.id, { key })
  expect(status).toBe(201)
  return { ...stage, key, second: body.payment }
}

const paymentsOf = async (orderId: string) => {
  const rows = env.DB.prepare('SELECT * FROM payments WHERE order_id = ? ORDER BY id').bind(orderId)
  return (await rows.all<{ id: string; status: string; reference: string | null }>()).results
}
const chargeOf = (paymentId: string) =>
  env.DB.prepare('SELECT status FROM sandbox_charges WHERE id = ?').bind(paymentId).first<string>('status')

describe('the payment that an order shows', () => {
  it('is the latest one, with its payment page, while the order is unpaid', async () => {
    const { player, bought, first, second } = await stagedTwoPayments()
    expect(second.id).not.toBe(first.id)
    expect((await orderOf(player, bought.id)).payment).toEqual(second)
    expect(second).toMatchObject({ status: 'pending', message: 'Pay on the sandbox’s page.' })
    expect(second.checkoutUrl).toContain(second.id)
  })

  it.each(['first', 'second'] as const)('is the one that paid, if that is the %s', async (which) => {
    const { player, bought, key, ...both } = await stagedTwoPayments()
    await press(both[which].checkoutUrl, 'approve')
    const order = await orderOf(player, bought.id)
    const paid = { message: 'Paid. Thank you!', next: 'nothing', until: null }
    const payment = { ...both[which], ...paid, status: 'succeeded', checkoutUrl: null }
    expect(order).toMatchObject({ status: 'paid', payment })
    expect((await as(player, 'GET', '/orders')).body.data[0].payment).toEqual(payment)
    // A repeat does not send the buyer to pay a paid order.
    expect((await payAgain(player, bought.id, { key })).body).toMatchObject({ status: 'paid', payment })
  })

  it('stays the one that paid if another is paid after it', async () => {
    const { player, bought, first, second } = await stagedTwoPayments()
    await press(first.checkoutUrl, 'approve')
    await press(second.checkoutUrl, 'approve')
    expect((await orderOf(player, bought.id)).payment).toMatchObject({ id: first.id, status: 'succeeded' })
  })

  it('has no payment page once it failed, or its order is cancelled or has expired', async () => {
    const noPage = { checkoutUrl: null }
    const declined = await staged()
    await press(declined.bought.checkoutUrl, 'decline')
    expect(await orderOf(declined.player, declined.bought.id)).toMatchObject({
      status: 'pending',
      payment: { ...noPage, status: 'failed', next: 'pay_again', payWith: ['sandbox', 'manual'] },
    })
    const cancelled = await staged()
    const { body } = await as(cancelled.player, 'POST', `/orders/${cancelled.bought.id}/cancel`)
    expect(body).toMatchObject({ status: 'cancelled', payment: { ...noPage, id: cancelled.first.id } })
    const expired = await staged()
    at(NOW + HOLD)
    await sweep()
    expect(await orderOf(expired.player, expired.bought.id)).toMatchObject({
      status: 'expired',
      payment: { ...noPage, id: expired.first.id },
    })
  })
})

describe('a purchase that is repeated', () => {
  const repeated = async (person: Person, raffleId: string, key: string) => {
    const { status, body } = await purchase(person, raffleId, { quantity: 2 }, { key })
    expect(status).toBe(201)
    return body
  }

  it('returns the present order with its whole history', async () => {
    const { raffle, player, bought } = await staged()
    const unpaid = await repeated(player, raffle.id, bought.key)
    expect(unpaid.order).toEqual(bought.order)
    await press(bought.checkoutUrl, 'approve')
    const paid = await repeated(player, raffle.id, bought.key)
    expect(paid.order).toEqual(await orderOf(player, bought.id))
    expect(historyOf(paid.order)).toContain('Paid. 2 tickets issued.')
    expect(paid.reservation.state).toBe('sold')
  })

  it('returns no released tickets', async () => {
    const { raffle, player, bought } = await staged()
    await as(player, 'POST', `/orders/${bought.id}/cancel`)
    const { order, reservation } = await repeated(player, raffle.id, bought.key)
    expect(order).toMatchObject({ status: 'cancelled', lines: [{ state: 'released', tickets: [] }] })
    expect(historyOf(order)).toContain('Cancelled.')
    expect(reservation.state).toBe('released')
  })
})

describe('another payment', () => {
  it('is started once for each key, however often the request is repeated', async () => {
    const { player, bought } = await staged()
    const key = newKey()
    const answers = await Promise.all([1, 2, 3].map(() => payAgain(player, bought.id, { key })))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.payment.checkoutUrl)).size).toBe(1)
    expect(await paymentsOf(bought.id)).toHaveLength(2)
  })

  it('is refused if its key was used with a different body', async () => {
    const { player, bought } = await staged()
    const key = newKey()
    const body = { provider: 'sandbox', phone: '+254700000000', returnUrl: 'http://localhost:3000/a' }
    expect((await payAgain(player, bought.id, { key, body })).status).toBe(201)
    expect((await payAgain(player, bought.id, { key, body })).status).toBe(201)
    for (const other of [
      { ...body, provider: 'manual' },
      { ...body, phone: '+254700000001' },
      { ...body, returnUrl: 'http://localhost:3000/b' },
      { ...body, phone: undefined },
      { ...body, returnUrl: undefined },
    ]) {
      const refused = await payAgain(player, bought.id, { key, body: other })
      expect([refused.status, refused.body.code]).toEqual([409, 'idempotency_mismatch'])
    }
    expect(await paymentsOf(bought.id)).toHaveLength(2)
  })

  it('must be by a provider that every item of the order accepts', async () => {
    const raffle = await stagePriced({ providers: ['sandbox'] })
    const book = await stageProduct({}, raffle.organisation)
    const player = await registerPlayer()
    const mixed = await ordered(player, [
      { productId: book.id, quantity: 1 },
      { raffleId: raffle.id, quantity: 1 },
    ])
    const body = { provider: 'manual' }
    const refused = await payAgain(player, mixed.id, { body })
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [{ path: 'provider', message: '“Signed first editions” takes payments by sandbox only' }],
    ])
    expect((await payAgain(player, mixed.id)).status).toBe(201)
    // Products accept every provider.
    const books = await ordered(player, [{ productId: book.id, quantity: 1 }])
    expect((await payAgain(player, books.id, { body })).status).toBe(201)
  })

  it('is recorded once in the order’s history', async () => {
    const { player, bought, key } = await stagedTwoPayments()
    await payAgain(player, bought.id, { key })
    await payAgain(player, bought.id, { body: { provider: 'manual' } })
    const { history } = await orderOf(player, bought.id)
    expect(history.map(({ text }: { text: string }) => text)).toEqual([
      bought.order.history[0].text,
      'Payment by sandbox started.',
      'Payment in cash or by bank transfer started.',
    ])
  })

  it('counts towards a limit of ten, with the first and failed ones, even if all start at once', async () => {
    const { player, bought } = await staged()
    await press(bought.checkoutUrl, 'decline')
    const known = newKey()
    expect((await payAgain(player, bought.id, { key: known })).status).toBe(201)
    const answers = await Promise.all(Array.from({ length: 15 }, () => payAgain(player, bought.id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(8)
    const refused = answers.filter(({ status }) => status !== 201)
    for (const { status, body } of refused) expect([status, body.code]).toEqual([409, 'limit_reached'])
    expect(refused[0]!.body.detail).toContain('An order can have at most 10 payments')
    expect(await paymentsOf(bought.id)).toHaveLength(10)
    // A repeat of each still works, and each can still be paid.
    const { status, body } = await payAgain(player, bought.id, { key: known })
    expect(status).toBe(201)
    await press(body.payment.checkoutUrl, 'approve')
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })
})

describe('another payment while its order is being cancelled', () => {
  const during = async (pattern: RegExp) => {
    const stage = await staged()
    const cancel = () => as(stage.player, 'POST', `/orders/${stage.bought.id}/cancel`)
    const { DB, done } = interrupted(pattern, async () => expect((await cancel()).status).toBe(200))
    const answer = await payAgain(stage.player, stage.bought.id, { bindings: { DB } })
    expect(done()).toBe(true)
    return { ...stage, answer, rows: await paymentsOf(stage.bought.id) }
  }

  it('is not stored', async () => {
    const { player, bought, answer, rows } = await during(/insert into "payments"/)
    expect([answer.status, answer.body.code]).toEqual([409, 'invalid_state'])
    expect(answer.body.detail).toBe('This order is already cancelled.')
    expect(rows).toHaveLength(1)
    expect(historyOf(await orderOf(player, bought.id))).not.toContain('started')
  })

  it('is stopped at its provider if it was already started there', async () => {
    startRemotely()
    const { answer, rows } = await during(/update "payments" set "status" = \?, "reference"/)
    expect(answer.status).toBe(201)
    const payment = { status: 'expired', checkoutUrl: null, next: 'nothing' }
    expect(answer.body).toMatchObject({ status: 'cancelled', payment })
    expect(rows[1]).toMatchObject({ status: 'expired', reference: rows[1]!.id })
    expect(await chargeOf(rows[1]!.id)).toBe('stopped')
  })

  it('is stopped at its provider if it started after the other payments were queried', async () => {
    const { player, bought } = await staged()
    const { DB, done } = interrupted(/update "orders" set "status"/, async () =>
      expect((await payAgain(player, bought.id)).status).toBe(201),
    )
    const { body } = await as(player, 'POST', `/orders/${bought.id}/cancel`, undefined, { bindings: { DB } })
    expect(done()).toBe(true)
    expect(body).toMatchObject({ status: 'cancelled', payment: { status: 'expired', checkoutUrl: null } })
    for (const { id, status } of await paymentsOf(bought.id)) {
      expect([status === 'pending', await chargeOf(id)]).toEqual([false, 'stopped'])
    }
  })
})
