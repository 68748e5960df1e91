// Where products are sent: said by the buyer with the order, and read by whoever sends them, once there is something to send.
import { describe, expect, it } from 'vitest'
import { SPEAKER, stageProduct } from '../catalog/shelf.ts'
import { ADDRESS, bought, order, ordered } from '../checkout/cart.ts'
import { orderOf, press, stagePriced, withKey } from '../checkout/checkout.ts'
import { logged } from '../harness/log.ts'
import { addOperator, organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'

useClock()

const SENT = { deliveryAddress: ADDRESS }
const NOBODY = { deliveryAddress: null, buyer: null }
const read = async (who: Pick<Person, 'id'>, id: string) => (await as(who, 'GET', `/orders/${id}`)).body

describe('an order that is sent', () => {
  it('shows its address to its buyer, and with the buyer’s name to members once it is paid', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer()
    const { id, payment, deliveryAddress } = await ordered(player, [{ productId, quantity: 1 }], SENT)
    expect(deliveryAddress).toEqual(ADDRESS)
    expect(await orderOf(player, id)).toMatchObject({ ...SENT, buyer: null })
    const { operator } = organisation
    expect(await read(operator, id)).toMatchObject(NOBODY)
    await press(payment.checkoutUrl, 'approve')
    const known = { ...SENT, buyer: 'A. W.' }
    expect(await read(operator, id)).toMatchObject(known)
    const list = await as(operator, 'GET', `/orders?organisationId=${organisation.id}`)
    expect(list.body.data[0]).toMatchObject(known)
    const shipped = { line: 0, status: 'shipped', reference: 'KE 1' }
    expect((await as(operator, 'POST', `/orders/${id}/fulfilment`, shipped)).body).toMatchObject(known)
    const back = await as(operator, 'POST', `/orders/${id}/refunds`, { reason: 'Lost.' }, withKey(newKey()))
    expect(back.status).toBe(201)
    expect(await read(operator, id)).toMatchObject({ status: 'refunded', ...NOBODY })
    expect(await orderOf(player, id)).toMatchObject(SENT)
  })

  it('shows it to nobody who has nothing of it to send', async () => {
    const book = await stageProduct()
    const { id: raffleId, operator: runsTheRaffle } = await stagePriced()
    const player = await registerPlayer()
    const { id } = await bought(
      player,
      [
        { productId: book.id, quantity: 1 },
        { raffleId, quantity: 1 },
      ],
      SENT,
    )
    expect(await read(runsTheRaffle, id)).toMatchObject({ lines: [{ raffleId }], ...NOBODY })
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

  it('names its buyer as the buyer chose to be shown, also where it is picked up', async () => {
    const { id: productId, organisation } = await stageProduct()
    const player = await registerPlayer({ winnerDisplay: 'name' })
    const { id } = await bought(player, [{ productId, quantity: 1 }])
    expect(await read(organisation.operator, id)).toMatchObject({
      deliveryAddress: null,
      buyer: 'Amina Wanjiru',
    })
  })

  it('is another one under the same key where the address is another', async () => {
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

  it('has a product, and an address that can be delivered to', async () => {
    const { id: raffleId } = await stagePriced()
    const { id: productId } = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const tickets = await order(player, [{ raffleId, quantity: 1 }], newKey(), {}, SENT)
    expect([tickets.status, tickets.body.errors]).toEqual([
      422,
      [{ path: 'deliveryAddress', message: 'is for products: tickets are not sent to anybody' }],
    ])
    const nowhere = { deliveryAddress: { ...ADDRESS, country: 'Kenya' } }
    const refused = await order(player, [{ productId, quantity: 1 }], newKey(), {}, nowhere)
    expect([refused.status, refused.body.errors[0].path]).toEqual([422, 'deliveryAddress.country'])
    expect(JSON.stringify(logged())).not.toContain(ADDRESS.name)
  })
})
