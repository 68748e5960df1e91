// The delivery address: given by the buyer with the order, and shown to the members who send products once they are paid.
import { describe, expect, it } from 'vitest'
import { SPEAKER, stageProduct, stockOf } from '../catalog/shelf.ts'
import { ADDRESS, bought, type LineIn, order, ordered } from '../checkout/cart.ts'
import { orderOf, press, stagePriced, withKey } from '../checkout/checkout.ts'
import { logged } from '../harness/log.ts'
import { addOperator, organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'

useClock()

const SENT = { deliveryAddress: ADDRESS }
const PICKED_UP = { deliveryAddress: null, pickup: true }
const HIDDEN = { deliveryAddress: null, buyer: null }
const read = async (who: Pick<Person, 'id'>, id: string) => (await as(who, 'GET', `/orders/${id}`)).body

describe('an order with a delivery address', () => {
  it('shows it to the buyer at once, and to members with the buyer’s name once it is paid', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer()
    const { id, payment, deliveryAddress } = await ordered(player, [{ productId, quantity: 1 }], SENT)
    expect(deliveryAddress).toEqual(ADDRESS)
    expect(await orderOf(player, id)).toMatchObject({ ...SENT, pickup: false, buyer: null })
    const { operator } = organisation
    expect(await read(operator, id)).toMatchObject(HIDDEN)
    await press(payment.checkoutUrl, 'approve')
    const shown = { ...SENT, buyer: 'A. W.' }
    expect(await read(operator, id)).toMatchObject(shown)
    const list = await as(operator, 'GET', `/orders?organisationId=${organisation.id}`)
    expect(list.body.data[0]).toMatchObject(shown)
    const shipped = { line: 0, status: 'shipped', reference: 'KE 1' }
    expect((await as(operator, 'POST', `/orders/${id}/fulfilment`, shipped)).body).toMatchObject(shown)
    const refunded = await as(
      operator,
      'POST',
      `/orders/${id}/refunds`,
      { reason: 'Lost.' },
      withKey(newKey()),
    )
    expect(refunded.status).toBe(201)
    expect(await read(operator, id)).toMatchObject({ status: 'refunded', ...HIDDEN })
    expect(await orderOf(player, id)).toMatchObject(SENT)
  })

  it('hides it from members who have nothing to send', async () => {
    const book = await stageProduct()
    const { id: raffleId, operator: raffleOperator } = await stagePriced()
    const player = await registerPlayer()
    const { id } = await bought(
      player,
      [
        { productId: book.id, quantity: 1 },
        { raffleId, quantity: 1 },
      ],
      SENT,
    )
    expect(await read(raffleOperator, id)).toMatchObject({ lines: [{ raffleId }], ...HIDDEN })
    for (const stranger of [
      await registerPlayer(),
      (await organisationWithOperator()).operator,
      await addOperator(book.organisation.id, 'janitor'),
    ]) {
      const refused = await as(stranger, 'GET', `/orders/${id}`)
      expect([refused.status, JSON.stringify(refused.body).includes(ADDRESS.name)]).toEqual([404, false])
    }
    expect(await read(book.organisation.operator, id)).toMatchObject(SENT)
  })

  it('shows the buyer’s chosen display name, even if the order is picked up', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer({ winnerDisplay: 'name' })
    const { id } = await bought(player, [{ productId, quantity: 1 }])
    expect(await read(organisation.operator, id)).toMatchObject({
      ...PICKED_UP,
      buyer: 'Amina Wanjiru',
    })
  })

  it('refuses a repeat of the key with a different address', async () => {
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const key = newKey()
    const placed = (sent: object) => order(player, [{ productId, quantity: 1 }], key, {}, sent)
    const first = await placed(SENT)
    expect((await placed(SENT)).body).toEqual(first.body)
    for (const other of [{ pickup: true }, { deliveryAddress: { ...ADDRESS, city: 'Mombasa' } }]) {
      expect((await placed(other)).body.code).toBe('idempotency_mismatch')
    }
  })
})

describe('the destination of an order', () => {
  const errorsOf = async (lines: LineIn[], sent: object) => {
    const { status, body } = await order(await registerPlayer(), lines, newKey(), {}, sent)
    expect(status).toBe(422)
    return body.errors
  }

  it('is an address or a pickup if the order has products, alone or beside tickets', async () => {
    const { id: raffleId, organisation } = await stagePriced()
    const { id: productId } = await stageProduct({}, organisation)
    const goods = { productId, quantity: 1 }
    const message = 'is required for products, unless pickup is true'
    for (const lines of [[goods], [{ raffleId, quantity: 1 }, goods]]) {
      for (const sent of [{}, { pickup: false }]) {
        expect(await errorsOf(lines, sent)).toEqual([{ path: 'deliveryAddress', message }])
      }
    }
    expect(await stockOf(productId)).toBe(3)
    expect(await errorsOf([goods], { ...SENT, pickup: true })).toEqual([
      { path: 'pickup', message: 'must not be true beside a deliveryAddress' },
    ])
    const player = await registerPlayer()
    expect(await ordered(player, [goods], { ...SENT, pickup: false })).toMatchObject({
      ...SENT,
      pickup: false,
    })
    expect(await ordered(player, [goods], { pickup: true })).toMatchObject(PICKED_UP)
  })

  it('is shown to each organisation for its own lines', async () => {
    const raffle = await stagePriced()
    const product = await stageProduct()
    const lines = [
      { raffleId: raffle.id, quantity: 1 },
      { productId: product.id, quantity: 1 },
    ]
    const { id } = await bought(await registerPlayer(), lines, { pickup: true })
    expect(await read(raffle.operator, id)).toMatchObject({ pickup: false })
    expect(await read(product.organisation.operator, id)).toMatchObject(PICKED_UP)
  })

  it('does not exist if the order has only tickets', async () => {
    const { id: raffleId } = await stagePriced()
    const tickets = [{ raffleId, quantity: 1 }]
    const message = 'is for products: tickets and admissions are not sent'
    expect(await errorsOf(tickets, SENT)).toEqual([{ path: 'deliveryAddress', message }])
    expect(await errorsOf(tickets, { pickup: true })).toEqual([{ path: 'pickup', message }])
    expect(await ordered(await registerPlayer(), tickets, {})).toMatchObject({
      deliveryAddress: null,
      pickup: false,
    })
  })

  it('is a valid address, which no log shows', async () => {
    const { id: productId } = await stageProduct(SPEAKER)
    const nowhere = { deliveryAddress: { ...ADDRESS, country: 'Kenya' } }
    const [error] = await errorsOf([{ productId, quantity: 1 }], nowhere)
    expect(error.path).toBe('deliveryAddress.country')
    expect(JSON.stringify(logged())).not.toContain(ADDRESS.name)
  })
})
