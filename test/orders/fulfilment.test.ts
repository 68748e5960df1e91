// What happens to products once they are paid: packed, shipped, delivered; and what their organisation sees of orders.
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { SPEAKER, stageProduct } from '../catalog/shelf.ts'
import { addOperator, organisationWithOperator, type Person, registerPlayer } from '../harness/people.ts'
import { as, useClock } from '../raffles/scenario.ts'
import { bought, order, ordered } from './cart.ts'
import { orderOf, press, stagePriced } from './checkout.ts'

useClock()

describe('fulfilment', () => {
  const fulfil = (who: Pick<Person, 'id'>, id: string, body: object) =>
    as(who, 'POST', `/orders/${id}/fulfilment`, { line: 0, ...body })

  it('goes forward only, and is told to the buyer once a step', async () => {
    const { id: productId, organisation } = await stageProduct()
    const { operator } = organisation
    const player = await registerPlayer()
    const { id, payment } = await ordered(player, [{ productId, quantity: 1 }])
    expect((await fulfil(operator, id, { status: 'packed' })).body.code).toBe('invalid_state')
    await press(payment.checkoutUrl, 'approve')
    expect((await fulfil(operator, id, { status: 'packed' })).body.lines[0].fulfilment).toEqual({
      status: 'packed',
      reference: null,
    })
    expect((await fulfil(operator, id, { status: 'shipped' })).status).toBe(422)
    const shipped = { status: 'shipped', reference: 'KE 123' }
    const twice = await Promise.all([1, 2].map(() => fulfil(operator, id, shipped)))
    expect(twice.map(({ status }) => status)).toEqual([200, 200])
    expect((await fulfil(operator, id, { status: 'shipped', reference: 'KE 9' })).status).toBe(409)
    expect((await fulfil(operator, id, { status: 'packed' })).body.code).toBe('invalid_state')
    await fulfil(operator, id, { status: 'delivered' })
    const order = await orderOf(player, id)
    expect(order.lines[0].fulfilment).toEqual({ status: 'delivered', reference: 'KE 123' })
    const told = order.history.filter(({ text }: { text: string }) => text.startsWith('“'))
    expect(told.map(({ text }: { text: string }) => text)).toEqual([
      '“Things Fall Apart” was packed.',
      '“Things Fall Apart” was shipped (KE 123).',
      '“Things Fall Apart” was delivered.',
    ])
  })

  it('is for members of the line’s organisation, and of products alone', async () => {
    const { id: raffleId, organisation, operator } = await stagePriced()
    const { id: productId } = await stageProduct({}, organisation)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { productId, quantity: 1 },
      { raffleId, quantity: 1 },
    ])
    const stranger = (await organisationWithOperator()).operator
    const packed = { status: 'packed' }
    const nobodys = await fulfil(stranger, newId('order'), packed)
    for (const who of [stranger, player]) {
      const refused = await fulfil(who, id, packed)
      expect({ ...refused.body, requestId: '' }).toEqual({ ...nobodys.body, requestId: '' })
    }
    expect((await fulfil(await addOperator(organisation.id, 'janitor'), id, packed)).status).toBe(403)
    expect((await fulfil(operator, id, { ...packed, line: 1 })).body.code).toBe('invalid_state')
    expect((await fulfil(operator, id, { ...packed, line: 5 })).status).toBe(404)
  })
})

describe('an organisation’s orders', () => {
  it('are listed for whoever manages its payments, each with its own lines', async () => {
    const book = await stageProduct()
    const speaker = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const both = await bought(player, [
      { productId: book.id, quantity: 1 },
      { productId: speaker.id, quantity: 1 },
    ])
    const one = await ordered(player, [{ productId: book.id, quantity: 1 }])
    const { operator, id: organisationId } = book.organisation
    const path = `/orders?organisationId=${organisationId}`
    const { body } = await as(operator, 'GET', path)
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([one.id, both.id])
    expect(body.data[1].lines.map(({ productId }: { productId: string }) => productId)).toEqual([book.id])
    const first = await as(operator, 'GET', `${path}&limit=1`)
    const next = await as(operator, 'GET', `${path}&limit=1&cursor=${first.body.nextCursor}`)
    expect(next.body).toMatchObject({ data: [{ id: both.id }], nextCursor: null })
    expect((await as(player, 'GET', path)).status).toBe(404)
    expect((await as(speaker.organisation.operator, 'GET', path)).status).toBe(404)
    expect((await as(await addOperator(organisationId, 'janitor'), 'GET', path)).status).toBe(403)
    expect((await as(operator, 'GET', '/orders')).body.data).toEqual([])
  })

  it('keep a product that was ordered from being deleted', async () => {
    const { id: productId, organisation } = await stageProduct()
    await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect((await as(organisation.operator, 'DELETE', `/products/${productId}`)).status).toBe(204)
    expect((await as(null, 'GET', `/products/${productId}`)).body.status).toBe('archived')
    expect((await order(await registerPlayer(), [{ productId, quantity: 1 }])).status).toBe(404)
  })
})
