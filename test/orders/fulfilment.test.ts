// Fulfilment of paid products: packed, shipped, delivered. And orders as their organisations see them.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { newId } from '../../src/core/ids.ts'
import { SPEAKER, stageProduct } from '../catalog/shelf.ts'
import { BOOK_PRICE, bought, order, ordered } from '../checkout/cart.ts'
import { historyOf, orderOf, press, stagePriced, withKey } from '../checkout/checkout.ts'
import {
  addOperator,
  organisationWithOperator,
  type Person,
  registerPlayer,
  signedInAdmin,
} from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'

useClock()

describe('fulfilment', () => {
  const fulfil = (who: Pick<Person, 'id'>, id: string, body: object) =>
    as(who, 'POST', `/orders/${id}/fulfilment`, { line: 0, ...body })

  it('goes forward only, and shows each step to the buyer once', async () => {
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
    const steps = order.history.filter(({ text }: { text: string }) => text.startsWith('“'))
    expect(steps.map(({ text }: { text: string }) => text)).toEqual([
      '“Things Fall Apart” was packed.',
      '“Things Fall Apart” was shipped (KE 123).',
      '“Things Fall Apart” was delivered.',
    ])
  })

  it('is only for members of the line’s organisation, and only for products', async () => {
    const { id: raffleId, organisation, operator } = await stagePriced()
    const { id: productId } = await stageProduct({}, organisation)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { productId, quantity: 1 },
      { raffleId, quantity: 1 },
    ])
    const stranger = (await organisationWithOperator()).operator
    const packed = { status: 'packed' }
    const unknown = await fulfil(stranger, newId('order'), packed)
    for (const who of [stranger, player]) {
      const refused = await fulfil(who, id, packed)
      expect({ ...refused.body, requestId: '' }).toEqual({ ...unknown.body, requestId: '' })
    }
    expect((await fulfil(await addOperator(organisation.id, 'janitor'), id, packed)).status).toBe(403)
    expect((await fulfil(operator, id, { ...packed, line: 1 })).body.code).toBe('invalid_state')
  })

  it('reports an unknown or foreign line only to members who may see the order', async () => {
    const book = await stageProduct()
    const speaker = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { productId: book.id, quantity: 1 },
      { productId: speaker.id, quantity: 1 },
    ])
    const packed = (who: Pick<Person, 'id'>, line: number, order = id) =>
      fulfil(who, order, { status: 'packed', line })
    const { operator } = book.organisation
    for (const [who, line] of [
      [operator, 5],
      [operator, 1],
      [await signedInAdmin(), 5],
    ] as const) {
      const { status, body } = await packed(who, line)
      expect([status, body.detail]).toEqual([404, `No such line of this order: ${line}.`])
    }
    for (const stranger of [player, (await organisationWithOperator()).operator]) {
      expect((await packed(stranger, 5)).body.detail).toBe('No such order.')
    }
    expect((await packed(operator, 0, newId('order'))).body.detail).toBe('No such order.')
  })
})

describe('an organisation’s orders', () => {
  it('are listed for members who manage its payments, with only its own lines', async () => {
    const book = await stageProduct()
    const speaker = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const both = await bought(player, [
      { productId: book.id, quantity: 1 },
      { productId: speaker.id, quantity: 1 },
    ])
    const single = await ordered(player, [{ productId: book.id, quantity: 1 }])
    const { operator, id: organisationId } = book.organisation
    const path = `/orders?organisationId=${organisationId}`
    const { body } = await as(operator, 'GET', path)
    expect(body.data.map(({ id }: { id: string }) => id)).toEqual([single.id, both.id])
    expect(body.data[1].lines.map(({ productId }: { productId: string }) => productId)).toEqual([book.id])
    const first = await as(operator, 'GET', `${path}&limit=1`)
    const next = await as(operator, 'GET', `${path}&limit=1&cursor=${first.body.nextCursor}`)
    expect(next.body).toMatchObject({ data: [{ id: both.id }], nextCursor: null })
    expect((await as(player, 'GET', path)).status).toBe(404)
    expect((await as(speaker.organisation.operator, 'GET', path)).status).toBe(404)
    expect((await as(await addOperator(organisationId, 'janitor'), 'GET', path)).status).toBe(403)
    expect((await as(operator, 'GET', '/orders')).body.data).toEqual([])
  })

  it('show each organisation only its own part, and nothing about the others', async () => {
    const book = await stageProduct()
    const speaker = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { productId: book.id, quantity: 2 },
      { productId: speaker.id, quantity: 1 },
    ])
    const { operator, id: organisationId } = book.organisation
    const part = (await as(operator, 'GET', `/orders/${id}`)).body
    const ownSum = { amount: 2 * BOOK_PRICE, currency: 'KES' }
    expect(part).toMatchObject({
      status: 'paid',
      amount: ownSum,
      refunded: { amount: 0 },
      lines: [{ productId: book.id }],
      payment: { status: 'succeeded', amount: ownSum, checkoutUrl: null },
      history: [],
    })
    const packed = await as(operator, 'POST', `/orders/${id}/fulfilment`, { line: 0, status: 'packed' })
    expect(packed.body.history.map(({ text }: { text: string }) => text)).toEqual([
      '“Things Fall Apart” was packed.',
    ])
    expect((await as(operator, 'GET', `/orders/${id}`)).body).toEqual(packed.body)
    expect((await as(operator, 'GET', `/orders?organisationId=${organisationId}`)).body.data).toEqual([
      packed.body,
    ])
    const theirs = (await as(speaker.organisation.operator, 'GET', `/orders/${id}`)).body
    expect(theirs).toMatchObject({
      amount: { amount: 9_000 },
      lines: [{ productId: speaker.id }],
      history: [],
    })
    for (const stranger of [await registerPlayer(), (await organisationWithOperator()).operator]) {
      expect((await as(stranger, 'GET', `/orders/${id}`)).body.detail).toBe('No such order.')
    }
    const whole = { amount: 2 * BOOK_PRICE + 9_000, currency: 'KES' }
    for (const who of [player, await signedInAdmin()]) {
      const { body } = await as(who, 'GET', `/orders/${id}`)
      expect(body).toMatchObject({ amount: whole, payment: { amount: whole } })
      expect(historyOf(body)).toContain('Paid. 3 items are yours.')
    }
  })

  it('show each organisation only the refunds of its own part', async () => {
    const book = await stageProduct()
    const speaker = await stageProduct(SPEAKER)
    const player = await registerPlayer()
    const { id } = await bought(player, [
      { productId: book.id, quantity: 2 },
      { productId: speaker.id, quantity: 1 },
    ])
    const [shop, other] = [book.organisation.operator, speaker.organisation.operator]
    const refund = (numbers: number[]) =>
      as(
        shop,
        'POST',
        `/orders/${id}/refunds`,
        { reason: 'Torn.', lines: [{ line: 0, numbers }] },
        withKey(newKey()),
      )
    const read = async (who: Pick<Person, 'id'>) => {
      const { status, refunded } = (await as(who, 'GET', `/orders/${id}`)).body
      return [status, refunded.amount]
    }
    expect((await refund([1])).status).toBe(201)
    expect(await read(shop)).toEqual(['partially_refunded', BOOK_PRICE])
    expect((await refund([2])).status).toBe(201)
    expect(await read(shop)).toEqual(['refunded', 2 * BOOK_PRICE])
    expect(await read(other)).toEqual(['paid', 0])
    expect(await read(player)).toEqual(['partially_refunded', 2 * BOOK_PRICE])
  })

  it('are read with the same number of statements, however many there are', async () => {
    const { id: productId, organisation } = await stageProduct({ stock: 30 })
    const path = `/orders?organisationId=${organisation.id}&limit=100`
    const statementsFor = async (count: number) => {
      let statements = 0
      const prepare = (query: string) => {
        statements++
        return env.DB.prepare(query)
      }
      const DB = { prepare, batch: env.DB.batch.bind(env.DB) } as unknown as D1Database
      const { body } = await as(organisation.operator, 'GET', path, undefined, { bindings: { DB } })
      expect(body.data).toHaveLength(count)
      return statements
    }
    await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    const statements = await statementsFor(1)
    for (let more = 0; more < 7; more++) await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect(await statementsFor(8)).toBe(statements)
  })

  it('keep an ordered product from being deleted', async () => {
    const { id: productId, organisation } = await stageProduct()
    await bought(await registerPlayer(), [{ productId, quantity: 1 }])
    expect((await as(organisation.operator, 'DELETE', `/products/${productId}`)).status).toBe(204)
    expect((await as(null, 'GET', `/products/${productId}`)).body.status).toBe('archived')
    expect((await order(await registerPlayer(), [{ productId, quantity: 1 }])).status).toBe(404)
  })
})
