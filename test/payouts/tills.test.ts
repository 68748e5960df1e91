// A provider pays out only what its till holds for the organisation that asks.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { stageProduct } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought, ordered } from '../checkout/cart.ts'
import { withKey } from '../checkout/checkout.ts'
import { type Organisation, organisationWithOperator, registerPlayer } from '../harness/people.ts'
import { as, at, HOUR, KES, NOW, newKey, sweep, useClock } from '../raffles/scenario.ts'
import { approve, cash, claimCash, payIn, payoutsOf, stageDrawn } from './payout-stage.ts'

useClock()

interface Shop {
  organisation: Organisation
  productId: string
}

async function stageShop(): Promise<Shop> {
  const organisation = await organisationWithOperator()
  const { id: productId } = await stageProduct({ price: KES(BOOK_PRICE), stock: 9 }, organisation)
  return { organisation, productId }
}

const sell = async ({ productId }: Shop) => bought(await registerPlayer(), [{ productId, quantity: 1 }])

/** The operator records that the buyer paid by hand. */
async function sellByHand({ organisation, productId }: Shop): Promise<void> {
  const payment = { provider: 'manual' }
  const order = await ordered(await registerPlayer(), [{ productId, quantity: 1 }], { payment, pickup: true })
  const path = `/payments/${order.payment.id}/receipts`
  expect((await as(organisation.operator, 'POST', path, { reference: newKey() })).status).toBe(201)
}

const request = ({ organisation }: Shop, provider: string, amount?: number) => {
  const of = { organisationId: organisation.id, currency: 'KES', destination: 'KCB 1180230112' }
  const body = { ...of, provider, ...(amount === undefined ? {} : { amount: KES(amount) }) }
  return as(organisation.operator, 'POST', '/payouts', body, withKey(newKey()))
}

const till = async (account: string) =>
  (await env.DB.prepare('SELECT balance FROM tills WHERE account = ?').bind(account).first('balance')) ?? 0

it('money by hand stays in the organisation’s own till, and no provider pays it out', async () => {
  await sell(await stageShop())
  const shop = await stageShop()
  await sellByHand(shop)
  const before = await till('cash:sandbox')
  const { status, body } = await request(shop, 'sandbox')
  expect(status).toBe(409)
  expect(body.code).toBe('invalid_state')
  expect(body.detail).toContain('Held: manual KES 12.00.')
  const own = `cash:manual:${shop.organisation.id}`
  expect(await till(own)).toBe(BOOK_PRICE)
  const { body: payout } = await request(shop, 'manual')
  await approve(shop.organisation.operator, payout.id)
  await as(shop.organisation.operator, 'POST', `/payouts/${payout.id}/mark-paid`, { reference: 'box' })
  expect(await till(own)).toBe(0)
  expect(await till('cash:sandbox')).toBe(before)
})

it('each provider pays its part, and no more', async () => {
  const shop = await stageShop()
  await sell(shop)
  await sellByHand(shop)
  expect((await request(shop, 'sandbox')).body.detail).toContain('Held: manual KES 12.00, sandbox KES 12.00.')
  expect((await request(shop, 'sandbox', 3 * BOOK_PRICE)).body.detail).toContain('Only KES 24.00 is left')
  const { body: payout } = await request(shop, 'sandbox', BOOK_PRICE)
  expect((await approve(shop.organisation.operator, payout.id)).body.status).toBe('paid')
  expect((await request(shop, 'sandbox', 100)).status).toBe(409)
  expect((await request(shop, 'manual')).body.amount).toEqual(KES(BOOK_PRICE))
})

it('of two requests for the same money one is approved', async () => {
  const shop = await stageShop()
  await sell(shop)
  await sellByHand(shop)
  const first = await request(shop, 'sandbox', BOOK_PRICE)
  const second = await request(shop, 'sandbox', BOOK_PRICE)
  expect([first.status, second.status]).toEqual([201, 201])
  const { operator } = shop.organisation
  const answers = await Promise.all([first, second].map(({ body }) => approve(operator, body.id)))
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
})

it('a prize is paid from its own raffle, or from what the organisation has paid in', async () => {
  const staged = await stageDrawn({ prizes: [cash(6_000)] })
  expect((await claimCash(staged.won[0]!)).status).toBe(200)
  const [{ id }] = await payoutsOf(staged)
  expect((await approve(staged.operator, id)).body.detail).toContain('Held: sandbox KES 50.00.')
  await payIn(staged.organisation.id, 'sandbox', 1_000)
  expect((await approve(staged.operator, id)).body.status).toBe('paid')
})

it('a refund of goods waits if the shop was paid out, and is sent once the money is there', async () => {
  at(NOW)
  const shop = await stageShop()
  const order = await sell(shop)
  const { body: payout } = await request(shop, 'sandbox')
  const { operator, id } = shop.organisation
  expect((await approve(operator, payout.id)).body.status).toBe('paid')
  const body = { reason: 'It is torn.' }
  const back = await as(operator, 'POST', `/orders/${order.id}/refunds`, body, withKey(newKey()))
  expect(back.body, JSON.stringify(back.body)).toMatchObject({ status: 'due' })
  const read = () =>
    env.DB.prepare('SELECT status, attention FROM refunds WHERE order_id = ?').bind(order.id).first()
  expect((await read())!.attention).toMatch(/^sandbox no longer holds this money/)
  await payIn(id, 'sandbox', BOOK_PRICE)
  at(NOW + HOUR)
  await sweep()
  expect(await read()).toEqual({ status: 'paid', attention: null })
})
