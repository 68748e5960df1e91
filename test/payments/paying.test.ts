// Tries to pay for an order: which one it shows, what each is told of, how many there may be, and how they end with it.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { ordered } from '../checkout/cart.ts'
import { historyOf, orderOf, press, purchase, reserve, stagePriced, withKey } from '../checkout/checkout.ts'
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

/** An order with two tries, of which neither is paid. */
async function triedTwice() {
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
  it('is the latest try, with where to pay, while there is something to pay', async () => {
    const { player, bought, first, second } = await triedTwice()
    expect(second.id).not.toBe(first.id)
    expect((await orderOf(player, bought.id)).payment).toEqual(second)
    expect(second).toMatchObject({ status: 'pending', message: 'Pay on the sandbox’s page.' })
    expect(second.checkoutUrl).toContain(second.id)
  })

  it.each(['first', 'second'] as const)('is the try that paid, when that is the %s', async (which) => {
    const { player, bought, key, ...tries } = await triedTwice()
    await press(tries[which].checkoutUrl, 'approve')
    const order = await orderOf(player, bought.id)
    const payment = { ...tries[which], status: 'succeeded', checkoutUrl: null, message: null }
    expect(order).toMatchObject({ status: 'paid', payment })
    expect((await as(player, 'GET', '/orders')).body.data[0].payment).toEqual(payment)
    // Nobody who repeats a try is sent to pay for what is paid.
    expect((await payAgain(player, bought.id, { key })).body).toMatchObject({ status: 'paid', payment })
  })

  it('stays the try that paid when another is paid after it', async () => {
    const { player, bought, first, second } = await triedTwice()
    await press(first.checkoutUrl, 'approve')
    await press(second.checkoutUrl, 'approve')
    expect((await orderOf(player, bought.id)).payment).toMatchObject({ id: first.id, status: 'succeeded' })
  })

  it('has nowhere to pay once it failed, or its order is cancelled or has expired', async () => {
    const nowhere = { checkoutUrl: null, message: null }
    const declined = await staged()
    await press(declined.bought.checkoutUrl, 'decline')
    expect(await orderOf(declined.player, declined.bought.id)).toMatchObject({
      status: 'pending',
      payment: { ...nowhere, status: 'failed' },
    })
    const cancelled = await staged()
    const { body } = await as(cancelled.player, 'POST', `/orders/${cancelled.bought.id}/cancel`)
    expect(body).toMatchObject({ status: 'cancelled', payment: { ...nowhere, id: cancelled.first.id } })
    const expired = await staged()
    at(NOW + HOLD)
    await sweep()
    expect(await orderOf(expired.player, expired.bought.id)).toMatchObject({
      status: 'expired',
      payment: { ...nowhere, id: expired.first.id },
    })
  })
})

describe('a purchase that is repeated', () => {
  const repeated = async (person: Person, raffleId: string, key: string) => {
    const { status, body } = await purchase(person, raffleId, { quantity: 2 }, { key })
    expect(status).toBe(201)
    return body
  }

  it('answers the order as it stands, with all that has happened to it', async () => {
    const { raffle, player, bought } = await staged()
    const same = await repeated(player, raffle.id, bought.key)
    expect(same.order).toEqual(bought.order)
    await press(bought.checkoutUrl, 'approve')
    const paid = await repeated(player, raffle.id, bought.key)
    expect(paid.order).toEqual(await orderOf(player, bought.id))
    expect(historyOf(paid.order)).toContain('Paid. 2 tickets issued.')
    expect(paid.reservation.state).toBe('sold')
  })

  it('names no tickets that are free again', async () => {
    const { raffle, player, bought } = await staged()
    await as(player, 'POST', `/orders/${bought.id}/cancel`)
    const { order, reservation } = await repeated(player, raffle.id, bought.key)
    expect(order).toMatchObject({ status: 'cancelled', lines: [{ state: 'released', tickets: [] }] })
    expect(historyOf(order)).toContain('Cancelled.')
    expect(reservation.state).toBe('released')
  })
})

describe('a try to pay', () => {
  it('is one, however often it is asked for under its key', async () => {
    const { player, bought } = await staged()
    const key = newKey()
    const answers = await Promise.all([1, 2, 3].map(() => payAgain(player, bought.id, { key })))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.payment.checkoutUrl)).size).toBe(1)
    expect(await paymentsOf(bought.id)).toHaveLength(2)
  })

  it('is another one if anything else is asked for: its key is refused', async () => {
    const { player, bought } = await staged()
    const key = newKey()
    const body = { provider: 'sandbox', phone: '+254700000000', returnUrl: 'https://shop.example/a' }
    expect((await payAgain(player, bought.id, { key, body })).status).toBe(201)
    expect((await payAgain(player, bought.id, { key, body })).status).toBe(201)
    for (const other of [
      { ...body, provider: 'manual' },
      { ...body, phone: '+254700000001' },
      { ...body, returnUrl: 'https://shop.example/b' },
      { ...body, phone: undefined },
      { ...body, returnUrl: undefined },
    ]) {
      const refused = await payAgain(player, bought.id, { key, body: other })
      expect([refused.status, refused.body.code]).toEqual([409, 'idempotency_mismatch'])
    }
    expect(await paymentsOf(bought.id)).toHaveLength(2)
  })

  it('is by a provider that everything in the order takes', async () => {
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
    // Products take every provider.
    const books = await ordered(player, [{ productId: book.id, quantity: 1 }])
    expect((await payAgain(player, books.id, { body })).status).toBe(201)
  })

  it('is told of in the order’s history, once', async () => {
    const { player, bought, key } = await triedTwice()
    await payAgain(player, bought.id, { key })
    await payAgain(player, bought.id, { body: { provider: 'manual' } })
    const { history } = await orderOf(player, bought.id)
    expect(history.map(({ text }: { text: string }) => text)).toEqual([
      bought.order.history[0].text,
      'Payment by sandbox started.',
      'Payment in cash or by bank transfer started.',
    ])
  })

  it('is one of ten at most, the first and failed ones among them, also when all come at once', async () => {
    const { player, bought } = await staged()
    await press(bought.checkoutUrl, 'decline')
    const known = newKey()
    expect((await payAgain(player, bought.id, { key: known })).status).toBe(201)
    const answers = await Promise.all(Array.from({ length: 15 }, () => payAgain(player, bought.id)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(8)
    const refused = answers.filter(({ status }) => status !== 201)
    for (const { status, body } of refused) expect([status, body.code]).toEqual([409, 'limit_reached'])
    expect(refused[0]!.body.detail).toContain('There are 10 tries to pay for an order')
    expect(await paymentsOf(bought.id)).toHaveLength(10)
    // Each of them can still be asked for, and paid.
    const { status, body } = await payAgain(player, bought.id, { key: known })
    expect(status).toBe(201)
    await press(body.payment.checkoutUrl, 'approve')
    expect((await orderOf(player, bought.id)).status).toBe('paid')
  })
})

describe('a try to pay at the moment in which its order is cancelled', () => {
  const during = async (pattern: RegExp) => {
    const stage = await staged()
    const cancel = () => as(stage.player, 'POST', `/orders/${stage.bought.id}/cancel`)
    const { DB, done } = interrupted(pattern, async () => expect((await cancel()).status).toBe(200))
    const answer = await payAgain(stage.player, stage.bought.id, { bindings: { DB } })
    expect(done()).toBe(true)
    return { ...stage, answer, tries: await paymentsOf(stage.bought.id) }
  }

  it('is not written down', async () => {
    const { player, bought, answer, tries } = await during(/insert into "payments"/)
    expect([answer.status, answer.body.code]).toEqual([409, 'invalid_state'])
    expect(answer.body.detail).toBe('This order is cancelled already.')
    expect(tries).toHaveLength(1)
    expect(historyOf(await orderOf(player, bought.id))).not.toContain('started')
  })

  it('is stopped at its provider if that was asked already', async () => {
    const { answer, tries } = await during(/update "payments" set "status" = \?, "reference"/)
    expect(answer.status).toBe(201)
    const payment = { status: 'expired', checkoutUrl: null, message: null }
    expect(answer.body).toMatchObject({ status: 'cancelled', payment })
    expect(tries[1]).toMatchObject({ status: 'expired', reference: tries[1]!.id })
    expect(await chargeOf(tries[1]!.id)).toBe('stopped')
  })

  it('is stopped at its provider if it was started after the others were asked about', async () => {
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
