// The shop: products share one order and one payment with tickets. Stock is never sold twice, and unpaid stock is released.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { SPEAKER, stageProduct, stockOf } from '../catalog/shelf.ts'
import type { Answer } from '../harness/client.ts'
import { expectLogged } from '../harness/log.ts'
import { type Person, registerPlayer } from '../harness/people.ts'
import { as, at, crashing, MINUTE, NOW, newKey, SECOND, sweep, useClock } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'
import { BOOK_PRICE, bought, order, ordered } from './cart.ts'
import { historyOf, orderOf, PRICE, press, purchase, stagePriced, withKey } from './checkout.ts'

useClock()

const REASON = 'The buyer sent it back.'
const transfersOf = async (orderId: string) =>
  (
    await env.DB.prepare(
      `SELECT transaction_id AS why, part, debit, credit, amount, raffle_id AS raffleId FROM transfers
       WHERE order_id = ? ORDER BY transaction_id, part`,
    )
      .bind(orderId)
      .all<{
        why: string
        part: number
        debit: string
        credit: string
        amount: number
        raffleId: string | null
      }>()
  ).results

/** The money and the stock of all orders of these items agree. */
const expectSound = async (...raffles: string[]) =>
  expect(await audit(env, { raffles, settled: false })).toEqual([])

describe('a cart', () => {
  it('with two products and raffle tickets is one order and one payment', async () => {
    const { id: raffleId, organisation } = await stagePriced()
    const book = await stageProduct({}, organisation)
    const speaker = await stageProduct(SPEAKER, organisation)
    const player = await registerPlayer()
    const placed = await ordered(player, [
      { productId: book.id, quantity: 2 },
      { raffleId, quantity: 3 },
      { productId: speaker.id, quantity: 1 },
    ])
    expect(placed).toMatchObject({
      status: 'pending',
      amount: { amount: 2 * BOOK_PRICE + 3 * PRICE + 9_000, currency: 'KES' },
      lines: [
        {
          productId: book.id,
          raffleId: null,
          quantity: 2,
          reservationId: null,
          tickets: [],
          fulfilment: { status: 'none', reference: null },
        },
        { productId: null, raffleId, quantity: 3, fulfilment: null },
        { productId: speaker.id, quantity: 1 },
      ],
    })
    expect([await stockOf(book.id), await stockOf(speaker.id)]).toEqual([1, 1])
    await press(placed.payment.checkoutUrl, 'approve')
    const paid = await orderOf(player, placed.id)
    expect(paid.status).toBe('paid')
    expect(paid.lines.map(({ state }: { state: string }) => state)).toEqual(['issued', 'issued', 'issued'])
    expect(paid.lines[1].tickets).toHaveLength(3)
    expect(historyOf(paid)).toContain('Paid. 3 tickets issued. 3 items are yours.')
    expect([await stockOf(book.id), await stockOf(speaker.id)]).toEqual([1, 1])
    const shop = `shop:${organisation.id}`
    const settled = (await transfersOf(placed.id)).filter(({ why }) => why === `order:${placed.id}`)
    expect(settled).toMatchObject([
      { part: 0, debit: 'deposits', credit: shop, amount: 2 * BOOK_PRICE, raffleId: null },
      { part: 1, debit: 'deposits', credit: `takings:${raffleId}`, amount: 3 * PRICE, raffleId },
      { part: 2, debit: 'deposits', credit: shop, amount: 9_000, raffleId: null },
    ])
    await expectSound(book.id, raffleId, speaker.id)
  })

  it('names its held numbers in the answer, also when it is repeated at once', async () => {
    const { id: productId } = await stageProduct({ stock: 5 })
    const { id: raffleId } = await stagePriced({ numbering: 'sequential' })
    const [player, key] = [await registerPlayer(), newKey()]
    const cart = [
      { productId, quantity: 1 },
      { raffleId, quantity: 2 },
    ]
    for (let time = 0; time < 2; time++) {
      const { status, body } = await order(player, cart, key)
      expect(status, JSON.stringify(body)).toBe(201)
      expect(body.lines.map(({ tickets }: { tickets: object[] }) => tickets)).toEqual([
        [],
        [
          { number: 1, label: '1' },
          { number: 2, label: '2' },
        ],
      ])
    }
  })

  it('holds everything or nothing', async () => {
    const { id: raffleId } = await stagePriced({ totalTickets: 1 })
    const book = await stageProduct()
    const scarce = await stageProduct({ stock: 1 })
    const player = await registerPlayer()
    const lines = [
      { productId: book.id, quantity: 1 },
      { raffleId, quantity: 1 },
      { productId: scarce.id, quantity: 2 },
    ]
    const { status, body } = await order(player, lines)
    expect([status, body.code]).toEqual([409, 'sold_out'])
    expect(body.detail).toContain('has only 1 left')
    expect([await stockOf(book.id), await stockOf(scarce.id)]).toEqual([3, 1])
    expect((await order(player, lines.slice(0, 2))).status).toBe(201)
  })

  it('must name each item once, in one currency, and no numbers for a product', async () => {
    const { id: productId } = await stageProduct()
    const euros = await stageProduct({ price: { amount: 100, currency: 'EUR' } })
    const draft = await stageProduct({ status: 'draft' })
    const player = await registerPlayer()
    const line = { productId, quantity: 1 }
    for (const lines of [
      [line, line],
      [{ ...line, raffleId: newId('raffle') }],
      [{ quantity: 1 }],
      [{ productId, numbers: [1] }],
      [line, { productId: euros.id, quantity: 1 }],
    ]) {
      expect((await order(player, lines)).status, JSON.stringify(lines)).toBe(422)
    }
    for (const missing of [newId('product'), draft.id]) {
      expect((await order(player, [{ productId: missing, quantity: 1 }])).body.code).toBe('not_found')
    }
    expect([await stockOf(productId), await stockOf(euros.id)]).toEqual([3, 3])
  })
})

describe('stock', () => {
  it('sells the last unit to only one of many concurrent buyers', async () => {
    const { id: productId } = await stageProduct({ stock: 1 })
    const people = await Promise.all(Array.from({ length: 20 }, () => registerPlayer()))
    const answers = await Promise.all(people.map((person) => order(person, [{ productId, quantity: 1 }])))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
    expect(new Set(answers.filter(({ status }) => status === 409).map(({ body }) => body.code))).toEqual(
      new Set(['sold_out']),
    )
    expect(await stockOf(productId)).toBe(0)
  })

  it('never falls below zero, and equals the units that nobody got', async () => {
    const { id: productId } = await stageProduct({ stock: 10 })
    const people = await Promise.all(Array.from({ length: 12 }, () => registerPlayer()))
    const answers = await Promise.all(
      people.map((person, at) => order(person, [{ productId, quantity: 1 + (at % 3) }])),
    )
    const got = answers.reduce((sum, { status }, at) => sum + (status === 201 ? 1 + (at % 3) : 0), 0)
    expect(got).toBeLessThanOrEqual(10)
    expect(await stockOf(productId)).toBe(10 - got)
  })

  it('is held once for each key, however often the request is repeated', async () => {
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const key = newKey()
    const answers = await Promise.all([1, 2, 3].map(() => order(player, [{ productId, quantity: 1 }], key)))
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1)
    expect(await stockOf(productId)).toBe(2)
    const other = await order(player, [{ productId, quantity: 2 }], key)
    expect(other.body.code).toBe('idempotency_mismatch')
    expect(await stockOf(productId)).toBe(2)
  })

  it('is released when the order is cancelled, or not paid in time', async () => {
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const first = await ordered(player, [{ productId, quantity: 1 }])
    await ordered(player, [{ productId, quantity: 1 }])
    expect(await stockOf(productId)).toBe(1)
    expect((await as(player, 'POST', `/orders/${first.id}/cancel`)).body.status).toBe('cancelled')
    expect(await stockOf(productId)).toBe(2)
    at(NOW + 10 * MINUTE)
    await sweep()
    expect(await stockOf(productId)).toBe(3)
    await sweep()
    expect(await stockOf(productId)).toBe(3)
  })

  it('is released by the sweep if its order was never stored', async () => {
    expectLogged('unexpected error')
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const crash = crashing(/insert into "orders"/)
    await order(player, [{ productId, quantity: 2 }], newKey(), { bindings: { DB: crash.DB } })
    expect(crash.done()).toBe(true)
    expect(await stockOf(productId)).toBe(1)
    at(NOW + 13 * MINUTE)
    await sweep()
    expect(await stockOf(productId)).toBe(1)
    at(NOW + 15 * MINUTE)
    await sweep()
    expect(await stockOf(productId)).toBe(3)
  })

  it('is released by the sweep after a crash while its order ended', async () => {
    expectLogged('unexpected error')
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const { id } = await ordered(player, [{ productId, quantity: 2 }])
    const crash = crashing(/^update "products"/)
    await as(player, 'POST', `/orders/${id}/cancel`, undefined, { bindings: { DB: crash.DB } })
    expect(crash.done()).toBe(true)
    expect((await orderOf(player, id)).status).toBe('cancelled')
    expect(await stockOf(productId)).toBe(1)
    at(NOW + 15 * MINUTE)
    await sweep()
    expect(await stockOf(productId)).toBe(3)
  })
})

describe('the limit on unpaid orders', () => {
  const refusal = ({ status, body }: Answer) => [status, body.code, body.detail]

  it('allows a buyer three unpaid orders with products, until one is paid or cancelled', async () => {
    const { id: productId } = await stageProduct({ stock: 20 })
    const { id: raffleId } = await stagePriced()
    const player = await registerPlayer()
    const lines = [{ productId, quantity: 1 }]
    const [first, second] = [await ordered(player, lines), await ordered(player, lines)]
    await ordered(player, lines)
    const reached = [409, 'limit_reached', 'You have 3 unpaid orders: pay or cancel one of them first.']
    expect(refusal(await order(player, lines))).toEqual(reached)
    await ordered(player, [{ raffleId, quantity: 1 }])
    await press(first.payment.checkoutUrl, 'approve')
    await ordered(player, lines)
    expect(refusal(await order(player, lines))).toEqual(reached)
    await as(player, 'POST', `/orders/${second.id}/cancel`)
    await ordered(player, lines)
    expect(refusal(await order(player, lines))).toEqual(reached)
    await ordered(await registerPlayer(), lines)
    at(NOW + 10 * MINUTE)
    await sweep()
    expect(await stockOf(productId)).toBe(19)
    expect((await order(player, lines)).body.detail).toContain('Several of your orders were not paid.')
  })

  it('also holds for orders that are placed at once', async () => {
    const { id: productId } = await stageProduct({ stock: 24 })
    const other = await stageProduct({ stock: 24 })
    const player = await registerPlayer()
    const lines = [productId, other.id].map((id) => ({ productId: id, quantity: 2 }))
    const answers = await Promise.all(Array.from({ length: 8 }, () => order(player, lines)))
    const codes = answers.map(({ body }) => body.code ?? 'placed').sort()
    expect(codes).toEqual([...Array(5).fill('limit_reached'), ...Array(3).fill('placed')])
    expect([await stockOf(productId), await stockOf(other.id)]).toEqual([18, 18])
  })

  it('allows a buyer fifty unpaid units of a product', async () => {
    const { id: productId } = await stageProduct({ stock: 5_000 })
    const player = await registerPlayer()
    const units = (quantity: number) => [{ productId, quantity }]
    for (const quantity of [51, 1_000]) {
      expect((await order(player, units(quantity))).body.code).toBe('limit_reached')
    }
    const { payment } = await ordered(player, units(30))
    const more = await order(player, units(21))
    expect(refusal(more)).toEqual([
      409,
      'limit_reached',
      'You may hold at most 50 unpaid units of “Things Fall Apart” at a time: you have 30, so pay for them first.',
    ])
    await ordered(player, units(20))
    await press(payment.checkoutUrl, 'approve')
    await ordered(player, units(30))
    expect(await stockOf(productId)).toBe(4_920)
  })

  it('does not count a repeat of the same key', async () => {
    const { id: productId } = await stageProduct({ stock: 200 })
    const player = await registerPlayer()
    const keys = [newKey(), newKey(), newKey()]
    const place = () => Promise.all(keys.map((key) => order(player, [{ productId, quantity: 16 }], key)))
    const idsOf = (answers: Answer[]) => answers.map(({ body }) => body.id)
    expect(idsOf(await place())).toEqual(idsOf(await place()))
    expect(await stockOf(productId)).toBe(152)
  })
})

describe('the amount of an order', () => {
  const DEAR = { price: { amount: 600_000_000, currency: 'KES' }, stock: 2_000 }

  it('cannot exceed the limit of one payment; a refused order releases its holds', async () => {
    const dear = await stageProduct(DEAR)
    const other = await stageProduct(DEAR)
    const player = await registerPlayer()
    const line = (productId: string, quantity = 1) => ({ productId, quantity })
    for (const [lines, path, sum] of [
      [[line(dear.id, 2)], 'lines.0.quantity', '12,000,000.00'],
      [[line(dear.id, 1_000)], 'lines.0.quantity', '6,000,000,000.00'],
      [[line(dear.id), line(other.id)], 'lines.1.quantity', '12,000,000.00'],
    ] as const) {
      const { status, body } = await order(player, [...lines])
      expect([status, body.errors]).toEqual([
        422,
        [{ path, message: `makes this KES ${sum}; one payment can be at most KES 10,000,000.00` }],
      ])
    }
    expect([await stockOf(dear.id), await stockOf(other.id)]).toEqual([2_000, 2_000])
    expect((await order(player, [line(dear.id)])).status).toBe(201)
  })

  it('has the same limit in a purchase of tickets', async () => {
    const chosen = await stagePriced({ ticketPrice: DEAR.price, numbering: 'chosen' })
    const given = await stagePriced({ ticketPrice: DEAR.price }, chosen)
    const player = await registerPlayer()
    for (const [raffleId, what, field] of [
      [given.id, { quantity: 2 }, 'quantity'],
      [chosen.id, { numbers: [3, 4] }, 'numbers'],
    ] as const) {
      const { status, body } = await purchase(player, raffleId, what as Parameters<typeof purchase>[2])
      expect([status, body.errors[0].path]).toEqual([422, field])
      expect((await as(null, 'GET', `/raffles/${raffleId}/availability`)).body.held).toBe(0)
    }
    expect((await purchase(player, given.id)).status).toBe(201)
  })
})

describe('a settlement that crashes', () => {
  it.each([/^update "stock_holds"/, /^update "order_lines"/, /insert into "transfers"/])(
    'before %s is finished once by the sweep',
    async (statement) => {
      expectLogged('a webhook was stored and not acted on')
      const { id: raffleId, organisation } = await stagePriced()
      const { id: productId } = await stageProduct({}, organisation)
      const player = await registerPlayer()
      const { id, payment } = await ordered(player, [
        { productId, quantity: 2 },
        { raffleId, quantity: 1 },
      ])
      await press(payment.checkoutUrl, 'later')
      at(NOW + 2 * MINUTE)
      const crash = crashing(statement)
      await sweep({ DB: crash.DB })
      expect(crash.done()).toBe(true)
      await expectSound(productId, raffleId)
      for (const minute of [4, 8]) {
        at(NOW + minute * MINUTE)
        await sweep()
      }
      expect((await orderOf(player, id)).status).toBe('paid')
      expect(await stockOf(productId)).toBe(1)
      await expectSound(productId, raffleId)
    },
  )
})

describe('a payment that arrives late', () => {
  const late = async (productId: string, between: () => Promise<unknown>) => {
    const player = await registerPlayer()
    const { id, payment } = await ordered(player, [{ productId, quantity: 2 }])
    at(NOW + 10 * MINUTE - SECOND)
    await press(payment.checkoutUrl, 'later')
    at(NOW + 10 * MINUTE)
    await sweep()
    expect((await orderOf(player, id)).status).toBe('expired')
    await between()
    for (const minute of [11, 16, 20]) {
      at(NOW + minute * MINUTE)
      await sweep()
    }
    return { player, order: await orderOf(player, id) }
  }

  it('takes stock again if there is enough', async () => {
    const { id: productId } = await stageProduct()
    const { order } = await late(productId, async () => expect(await stockOf(productId)).toBe(3))
    expect(order).toMatchObject({ status: 'paid', lines: [{ state: 'issued' }] })
    expect(await stockOf(productId)).toBe(1)
    await expectSound(productId)
  })

  it('is refunded if others took the stock, and leaves their units alone', async () => {
    const { id: productId } = await stageProduct()
    const other = await registerPlayer()
    const { order } = await late(productId, () => bought(other, [{ productId, quantity: 2 }]))
    expect(order.lines).toMatchObject([{ state: 'lost' }])
    expect(order.refunded).toEqual(order.amount)
    expect(historyOf(order)).toContain('“Things Fall Apart” went to others before your payment arrived.')
    expect(await stockOf(productId)).toBe(1)
    await expectSound(productId)
  })
})

describe('a refund', () => {
  const refund = (who: Pick<Person, 'id'>, id: string, lines?: { line: number; numbers: number[] }[]) =>
    as(who, 'POST', `/orders/${id}/refunds`, { reason: REASON, lines }, withKey(newKey()))

  it('returns unshipped units to stock once, and takes their price from the shop', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer()
    const { id } = await bought(player, [{ productId, quantity: 3 }])
    const part = await refund(organisation.operator, id, [{ line: 0, numbers: [2] }])
    expect(part.body).toMatchObject({ status: 'paid', amount: { amount: BOOK_PRICE } })
    expect(await stockOf(productId)).toBe(1)
    expect((await refund(organisation.operator, id, [{ line: 0, numbers: [2] }])).status).toBe(409)
    expect((await refund(organisation.operator, id, [{ line: 0, numbers: [4] }])).status).toBe(422)
    const rest = await refund(organisation.operator, id)
    expect(rest.body).toMatchObject({
      lines: [
        {
          line: 0,
          tickets: [
            { number: 1, label: '1' },
            { number: 3, label: '3' },
          ],
        },
      ],
    })
    expect(await stockOf(productId)).toBe(3)
    const order = await orderOf(player, id)
    expect(order).toMatchObject({ status: 'refunded', lines: [{ state: 'refunded' }] })
    expect(historyOf(order)).toContain('KES 12.00 for 1 × Things Fall Apart will be refunded to you')
    const owed = (await transfersOf(id)).filter(({ debit }) => debit === `shop:${organisation.id}`)
    expect(owed.map(({ amount }) => amount).sort()).toEqual([BOOK_PRICE, 2 * BOOK_PRICE])
    await expectSound(productId)
  })

  it('of shipped units returns the money but not the stock', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer()
    const { id } = await bought(player, [{ productId, quantity: 2 }])
    await as(organisation.operator, 'POST', `/orders/${id}/fulfilment`, {
      line: 0,
      status: 'shipped',
      reference: 'KE 1',
    })
    expect((await refund(organisation.operator, id)).body.status).toBe('paid')
    expect(await stockOf(productId)).toBe(1)
    await expectSound(productId)
  })
})
