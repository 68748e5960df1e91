// One file and one row of the table make a kind of line: vouchers are ordered, paid, refunded and expire like all others.
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { authenticate } from '../../src/accounts/authenticate.ts'
import { placeOrderOf } from '../../src/checkout/contract.ts'
import { orderRoutes } from '../../src/checkout/routes.ts'
import type { AppEnv } from '../../src/core/context.ts'
import { newId } from '../../src/core/ids.ts'
import { respondToError } from '../../src/core/problem-response.ts'
import { requestContext } from '../../src/core/request.ts'
import { LINES, type LineTable } from '../../src/orders/lines/index.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { ADDRESS, BOOK_PRICE } from '../checkout/cart.ts'
import { historyOf, PRICE, press, stagePriced } from '../checkout/checkout.ts'
import { organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, at, MINUTE, NOW, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { VOUCHER_PRICE, voucherLine, voucherOf, vouchers } from './voucher-line.ts'

useClock()

const HOLD = 10 * MINUTE
const table: LineTable = LINES
const shop = new Hono<AppEnv>().use(requestContext).use(authenticate).onError(respondToError)

beforeAll(() => {
  table.voucher = voucherLine
  shop.route('/orders', orderRoutes(table))
})
afterAll(() => {
  delete table.voucher
})

/** Calls routes of orders that also sell vouchers. */
async function callShop(person: Person, method: 'GET' | 'POST', path: string, body?: unknown) {
  const headers = {
    authorization: `Bearer ${person.token}`,
    'content-type': 'application/json',
    'idempotency-key': newKey(),
  }
  const response = await shop.request(path, { method, headers, body: JSON.stringify(body) }, env)
  // biome-ignore lint/suspicious/noExplicitAny: the tests compare the fields that they read
  return { status: response.status, body: await response.json<any>() }
}

const place = (person: Person, lines: object[], more = {}) =>
  callShop(person, 'POST', '/orders', { lines, payment: { provider: 'sandbox' }, ...more })

const read = async (person: Person, id: string) => (await callShop(person, 'GET', `/orders/${id}`)).body

async function staged(quantity = 3) {
  const { id: organisationId, operator } = await organisationWithOperator()
  const voucherId = voucherOf(organisationId)
  const player = await registerPlayer()
  const { status, body } = await place(player, [{ voucherId, quantity }])
  expect(status, JSON.stringify(body)).toBe(201)
  return { voucherId, organisationId, operator, player, order: body }
}

async function stagedPaid() {
  const stage = await staged()
  await press(stage.order.payment.checkoutUrl, 'approve')
  return stage
}

const holdOf = async (orderId: string) => {
  const line = env.DB.prepare('SELECT reservation_id AS id FROM order_lines WHERE order_id = ?').bind(orderId)
  return vouchers.get((await line.first<string>('id'))!)
}

const transfersOf = async (orderId: string) => {
  const rows = env.DB.prepare(
    `SELECT debit, credit, amount, raffle_id AS raffleId FROM transfers
     WHERE order_id = ? ORDER BY transaction_id, part`,
  )
  return (await rows.bind(orderId).all()).results
}

describe('a kind of line that one file adds', () => {
  it('is ordered and paid together with others, and shown in its own words', async () => {
    const { id: raffleId, organisation } = await stagePriced()
    const { id: productId } = await stageProduct({}, organisation)
    const voucherId = voucherOf(organisation.id)
    const player = await registerPlayer()
    const lines = [
      { voucherId, quantity: 2 },
      { productId, quantity: 1 },
      { raffleId, quantity: 1 },
    ]
    const { status, body } = await place(player, lines, { pickup: true })
    expect(status, JSON.stringify(body)).toBe(201)
    expect(body).toMatchObject({
      status: 'pending',
      amount: { amount: 2 * VOUCHER_PRICE + BOOK_PRICE + PRICE },
      lines: [
        {
          voucherId,
          raffleId: null,
          productId: null,
          title: 'A voucher',
          state: 'held',
          reservationId: null,
        },
        { voucherId: null, raffleId: null, productId },
        { voucherId: null, raffleId, productId: null },
      ],
    })
    await press(body.payment.checkoutUrl, 'approve')
    const order = await read(player, body.id)
    expect(order).toMatchObject({
      status: 'paid',
      lines: [{ state: 'issued', tickets: [], fulfilment: null }, {}, {}],
    })
    expect(historyOf(order)).toContain('Paid. 1 ticket issued. 1 item is yours. 2 vouchers to give away.')
    expect(await transfersOf(body.id)).toContainEqual({
      debit: 'deposits',
      credit: `shop:${organisation.id}`,
      amount: 2 * VOUCHER_PRICE,
      raffleId: null,
    })
  })

  it('appears in the validation messages about lines', async () => {
    const { voucherId, player } = await staged()
    const refused = async (lines: object[], more = {}) => (await place(player, lines, more)).body.errors
    expect(await refused([{ quantity: 1 }])).toEqual([
      { path: 'lines.0', message: 'name either a raffleId or a productId or a ticketTypeId or a voucherId' },
    ])
    expect(await refused([{ voucherId, numbers: [1] }])).toEqual([
      { path: 'lines.0.numbers', message: 'are only for raffles and ticket types' },
    ])
    expect(await refused([{ voucherId, quantity: 1 }], { deliveryAddress: ADDRESS })).toEqual([
      {
        path: 'deliveryAddress',
        message: 'is for products: tickets and admissions and vouchers are not sent',
      },
    ])
    const twice = [1, 2].map((quantity) => ({ voucherId, quantity }))
    expect(await refused(twice)).toEqual([
      { path: '', message: 'name each raffle and product and ticket type and voucher in one line' },
    ])
  })

  it('keeps the order of the other fields, because the fingerprint of a request depends on it', () => {
    const [raffleId, productId] = [newId('raffle'), newId('product')]
    const lines = [
      { quantity: 1, raffleId },
      { productId, quantity: 1 },
    ]
    const read = placeOrderOf(table).parse({ lines, payment: { provider: 'sandbox' }, pickup: true })
    expect(read.lines.map((line) => Object.keys(line))).toEqual([
      ['raffleId', 'quantity'],
      ['quantity', 'productId'],
    ])
  })

  it('accepts another payment only by its own providers', async () => {
    const { player, order } = await staged()
    const refused = await callShop(player, 'POST', `/orders/${order.id}/pay`, { provider: 'manual' })
    expect([refused.status, refused.body.errors]).toEqual([
      422,
      [{ path: 'provider', message: '“A voucher” takes payments by sandbox only' }],
    ])
    expect((await callShop(player, 'POST', `/orders/${order.id}/pay`, { provider: 'sandbox' })).status).toBe(
      201,
    )
  })

  it('is refunded in part, and then in full', async () => {
    const { player, operator, organisationId, order } = await stagedPaid()
    const refund = (lines?: object[]) =>
      as(
        operator,
        'POST',
        `/orders/${order.id}/refunds`,
        { reason: 'Not wanted.', lines },
        {
          headers: { 'idempotency-key': newKey() },
        },
      )
    const foreign = await refund([{ line: 0, numbers: [7] }])
    expect(foreign.body.errors).toEqual([
      { path: 'lines.0.numbers', message: 'must name vouchers of this line, not voucher 7' },
    ])
    expect((await refund([{ line: 0, numbers: [2] }])).body.status).toBe('paid')
    expect((await holdOf(order.id))?.left).toEqual([1, 3])
    expect((await refund()).body.status).toBe('paid')
    const refunded = await read(player, order.id)
    expect(refunded).toMatchObject({
      status: 'refunded',
      lines: [{ state: 'refunded', refundedQuantity: 3 }],
    })
    expect(historyOf(refunded)).toContain(
      'KES 14.00 for vouchers 1 and 3 will be refunded to you: Not wanted.',
    )
    expect(await transfersOf(order.id)).toContainEqual({
      debit: `shop:${organisationId}`,
      credit: 'refunds',
      amount: 2 * VOUCHER_PRICE,
      raffleId: null,
    })
  })

  it('is refunded to all buyers by a run once it is cancelled', async () => {
    const { voucherId, organisationId, player, order } = await stagedPaid()
    await env.DB.prepare('INSERT INTO refund_runs (raffle_id, reason, started_at) VALUES (?, ?, ?)')
      .bind(voucherId, 'The shop closed.', NOW)
      .run()
    await sweep()
    const refunded = await read(player, order.id)
    expect(refunded).toMatchObject({ status: 'refunded', refunded: order.amount })
    expect(historyOf(refunded)).toContain(
      'The voucher was cancelled, and the price of your vouchers of “A voucher” will be refunded to you: The shop closed.',
    )
    expect(await transfersOf(order.id)).toContainEqual({
      debit: `shop:${organisationId}`,
      credit: 'refunds',
      amount: 3 * VOUCHER_PRICE,
      raffleId: null,
    })
  })

  it('is released if nobody pays for it', async () => {
    const { player, order } = await staged()
    expect((await holdOf(order.id))?.state).toBe('held')
    at(NOW + HOLD)
    await sweep()
    expect(await read(player, order.id)).toMatchObject({ status: 'expired', lines: [{ state: 'released' }] })
    expect((await holdOf(order.id))?.state).toBe('released')
  })
})
