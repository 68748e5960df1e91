// Holds of stock, with each step repeated as after a crash: it happens once, and a repeat returns the first outcome.
import { describe, expect, it } from 'vitest'
import { holdStock } from '../../src/catalog/hold-stock.ts'
import { releaseStock, sellStock, takeStockBack, unitsOf } from '../../src/catalog/stock-holds.ts'
import { newId } from '../../src/core/ids.ts'
import { testContext } from '../harness/people.ts'
import { as, newKey, useClock } from '../raffles/scenario.ts'
import { stageProduct, stockOf } from './shelf.ts'

useClock()

const MINUTE = 60_000

async function held(quantity: number, stock = 5) {
  const { id: productId, organisation } = await stageProduct({ stock })
  const wanted = {
    productId,
    quantity,
    userId: newId('user'),
    isProved: true,
    key: newKey(),
    request: 'a',
    holdMs: MINUTE,
    provider: null,
    country: null,
    deliverTo: null,
  }
  const ctx = testContext()
  const { hold, repeated } = await holdStock(ctx, wanted)
  expect(repeated).toBe(false)
  const setStock = (to: number) => as(organisation.operator, 'PUT', `/products/${productId}`, { stock: to })
  return { ctx, productId, wanted, id: hold.id, setStock }
}

describe('a hold of stock', () => {
  it('is made once per key', async () => {
    const { ctx, productId, wanted, id } = await held(2)
    const again = await holdStock(ctx, wanted)
    expect(again).toMatchObject({ hold: { id, quantity: 2 }, repeated: true })
    await expect(holdStock(ctx, { ...wanted, request: 'b' })).rejects.toMatchObject({
      code: 'idempotency_mismatch',
    })
    expect(await stockOf(productId)).toBe(3)
  })

  it('of the whole stock is made once per key too', async () => {
    const { ctx, productId, wanted, id } = await held(3, 3)
    expect(await holdStock(ctx, wanted)).toMatchObject({ hold: { id }, repeated: true })
    expect(await stockOf(productId)).toBe(0)
  })

  it('is released once and sold once', async () => {
    const { ctx, productId, id } = await held(2)
    await Promise.all([releaseStock(ctx, id, true), releaseStock(ctx, id, true)])
    expect(await stockOf(productId)).toBe(5)
    expect(await Promise.all([sellStock(ctx, id), sellStock(ctx, id), sellStock(ctx, id)])).toEqual([
      'sold',
      'sold',
      'sold',
    ])
    expect(await stockOf(productId)).toBe(3)
    await releaseStock(ctx, id, true)
    expect(await stockOf(productId)).toBe(3)
  })

  it('that is lost stays lost, even if stock arrives later', async () => {
    const { ctx, productId, id, setStock } = await held(2)
    await releaseStock(ctx, id, true)
    await setStock(1)
    expect(await sellStock(ctx, id)).toBe('lost')
    await setStock(10)
    expect(await sellStock(ctx, id)).toBe('lost')
    expect(await stockOf(productId)).toBe(10)
    expect(await unitsOf(ctx, id)).toEqual([])
    expect(await takeStockBack(ctx, id, [1])).toBe(false)
    expect(await stockOf(productId)).toBe(10)
  })

  it('returns each unit once', async () => {
    const { ctx, productId, id } = await held(3)
    expect(await takeStockBack(ctx, id, [1])).toBe(false)
    await sellStock(ctx, id)
    expect(await Promise.all([[1], [1], [1, 3]].map((units) => takeStockBack(ctx, id, units)))).toEqual([
      true,
      true,
      true,
    ])
    expect(await unitsOf(ctx, id)).toEqual([2])
    expect(await stockOf(productId)).toBe(4)
    for (const _ of [1, 2]) expect(await takeStockBack(ctx, id, [1, 2, 3])).toBe(true)
    expect(await stockOf(productId)).toBe(5)
    expect(await sellStock(ctx, id)).toBe('sold')
    expect(await stockOf(productId)).toBe(5)
  })
})
