// The delivery address: given by the buyer with the order, and shown to the members who send products once they are paid.
import { describe, expect, it } from 'vitest'
import { SPEAKER, stageProduct } from '../catalog/shelf.ts'
import { ADDRESS, bought, order, ordered } from '../checkout/cart.ts'
import { orderOf, press, stagePriced, withKey } from '../checkout/checkout.ts'
import { logged } from '../harness/log.ts'
import { addOperator, organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'

useClock()

const SENT = { deliveryAddress: ADDRESS }
const HIDDEN = { deliveryAddress: null, buyer: null }
const read = async (who: Pick<Person, 'id'>, id: string) => (await as(who, 'GET', `/orders/${id}`)).body

describe('an order with a delivery address', () => {
  it('shows it to the buyer at once, and to members with the buyer’s name once it is paid', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer()
    const { id, payment, deliveryAddress } = await ordered(player, [{ productId, quantity: 1 }], SENT)
    expect(deliveryAddress).toEqual(ADDRESS)
    expect(await orderOf(player, id)).toMatchObject({ ...SENT, buyer: null })
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
      deliveryAddress: null,
      buyer: 'Amina Wanjiru',
    })
  })

  it('refuses a repeat of the key with a different address', async () => {
    const { id: productId } = await stageProduct()
    const player = await registerPlayer()
    const key = newKey()
    const placed = (deliveryAddress?: object) =>
      order(player, [{ productId, quantity: 1 }], key, {}, deliveryAddress && { deliveryAddress })
    const first = await placed(ADDRESS)
    expect((await placed(ADDRESS)).body).toEqual(first.body)
    for (const other of [undefined, { ...ADDRESS, city: 'Mombasa' }]) {
      expect((await placed(other)).body.code).toBe('idempotency_mismatch')
    }
  })

  it('must contain a product, and the address must be valid', async () => {
    const { id: raffleId } = await stagePriced()
    const { id: productId } = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const tickets = await order(player, [{ raffleId, quantity: 1 }], newKey(), {}, SENT)
    expect([tickets.status, tickets.body.errors]).toEqual([
      422,
      [{ path: 'deliveryAddress', message: 'is for products: tickets are not sent' }],
    ])
    const nowhere = { deliveryAddress: { ...ADDRESS, country: 'Kenya' } }
    const refused = await order(player, [{ productId, quantity: 1 }], newKey(), {}, nowhere)
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, 'deliveryAddress.country'])
    expect(JSON.stringify(logged())).not.toContain(ADDRESS.name)
  })
})
