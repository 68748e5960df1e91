// Prizes that are products: set aside once at publication, never below zero stock, and returned if nobody gets them.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BOOK, SPEAKER, stageProduct, stockOf } from '../catalog/shelf.ts'
import { disqualify } from '../draws/prizes.ts'
import { Crash, crashableProcess, everyDeath } from '../harness/crash.ts'
import { expectLogged, rowNotDone } from '../harness/log.ts'
import type { Organisation } from '../harness/people.ts'
import {
  as,
  at,
  CLOSES_AT,
  crashing,
  DAY,
  DRAW_AT,
  drawOnTime,
  enter,
  holderOf,
  interrupted,
  MINUTE,
  NOW,
  raffleBody,
  read,
  ringAlarm,
  type Staged,
  stageDraft,
  sweep,
  useClock,
  winnersOf,
} from './scenario.ts'
import { occurrences, rafflesOf, seriesBody } from './series-stage.ts'

useClock()

const ADDRESS = { name: 'Amina Wanjiru', lines: ['1 Moi Avenue'], city: 'Nairobi', country: 'KE' }
const books = (productId: string, quantity = 1) => ({ title: BOOK.title, quantity, productId })
const publish = (staged: Staged, bindings = {}) =>
  as(staged.operator, 'POST', `/raffles/${staged.id}/publish`, undefined, { bindings })

/** A product with `stock`, and the draft of a raffle that gives some of it away. */
async function stagePrize({ stock = 5, quantity = 2, changes = {} } = {}) {
  const product = await stageProduct({ stock })
  const prizes = [books(product.id, quantity)]
  return { product, staged: await stageDraft({ prizes, ...changes }, product.organisation) }
}

describe('a prize that is a product', () => {
  it('leaves the stock at publication, and returns when the raffle is cancelled', async () => {
    const { product, staged } = await stagePrize()
    expect(await stockOf(product.id)).toBe(5)
    const published = await publish(staged)
    const prize = { kind: 'item', title: BOOK.title, quantity: 2, value: null, productId: product.id }
    expect(published.body.prizes).toEqual([prize])
    expect(await stockOf(product.id)).toBe(3)
    const cancelled = await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, {
      reason: 'Rained out',
    })
    expect(cancelled.body).toMatchObject({ status: 'cancelled', prizes: [prize] })
    expect(await stockOf(product.id)).toBe(5)
    at(NOW + DAY)
    await sweep()
    expect(await stockOf(product.id)).toBe(5)
  })

  it('must be one of the organisation’s own products, and not archived', async () => {
    const { id, organisation } = await stageProduct()
    const { operator } = organisation
    const { id: foreign } = await stageProduct()
    const { id: old } = await stageProduct({ status: 'archived' }, organisation)
    const pencil = { title: 'A pencil', quantity: 1 }
    const { id: draft } = await stageDraft({}, organisation)
    const { body: series } = await as(operator, 'POST', '/series', seriesBody())
    const { title, ...terms } = { title: 'Evening', ...seriesBody().terms }
    const template = { ...terms, title, name: 'Evening', colour: '#000000' }
    for (const [productId, why] of [
      [foreign, 'no such product of this organisation'],
      [old, 'this product is archived'],
    ] as const) {
      const prizes = [pencil, books(productId), books(id)]
      for (const [method, path, body, within = ''] of [
        ['POST', '/raffles', raffleBody({ prizes })],
        ['PUT', `/raffles/${draft}`, { prizes }],
        ['POST', '/raffle-templates', { ...template, prizes }],
        ['POST', '/series', seriesBody({ terms: { ...terms, prizes } }), 'terms.'],
        ['PUT', `/series/${series.id}`, { terms: { prizes } }, 'terms.'],
        ['PUT', `/series/${series.id}/rewards/2031-05-06`, { prizes }],
      ] as const) {
        const answer = await as(operator, method, path, body)
        expect(answer.status, path).toBe(422)
        expect(answer.body.errors, path).toEqual([{ path: `${within}prizes.1.productId`, message: why }])
      }
    }
    for (const wrong of [
      { ...pencil, productId: 'a-book' },
      { ...books(id), kind: 'cash', value: BOOK.price },
    ]) {
      expect((await as(operator, 'POST', '/raffles', raffleBody({ prizes: [wrong] }))).status).toBe(422)
    }
  })

  it('cannot be published after it was archived', async () => {
    const { product, staged } = await stagePrize()
    await as(staged.operator, 'PUT', `/products/${product.id}`, { status: 'archived' })
    const { status, body } = await publish(staged)
    expect([status, body.errors[0].path]).toEqual([422, 'prizes.0.productId'])
    expect(await stockOf(product.id)).toBe(5)
  })

  it('is not in the hashed rules, which have only its title and quantity', async () => {
    const { staged } = await stagePrize()
    await publish(staged)
    await drawOnTime(staged)
    const { body } = await as(null, 'GET', `/raffles/${staged.id}/proof`)
    expect(JSON.parse(body.rules).prizes).toEqual([
      { kind: 'item', quantity: 2, title: BOOK.title, value: null },
    ])
  })

  it('with too little stock keeps the raffle a draft and changes nothing else', async () => {
    const { product, staged } = await stagePrize({ stock: 5, quantity: 2 })
    const speaker = await stageProduct(SPEAKER, product.organisation)
    const { operator, id } = staged
    const prizes = [
      books(speaker.id, 2),
      books(product.id, 2),
      { title: 'A pen', quantity: 9 },
      books(product.id, 4),
    ]
    await as(operator, 'PUT', `/raffles/${id}`, { prizes })
    const { status, body } = await publish(staged)
    const message = `“${BOOK.title}” has only 5 left, and the prizes need 6`
    expect([status, body.code, body.detail]).toEqual([409, 'sold_out', `${message}.`])
    expect(body.errors).toEqual([1, 3].map((at) => ({ path: `prizes.${at}.productId`, message })))
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([5, 2])
    expect((await as(operator, 'GET', `/raffles/${id}`)).body.status).toBe('draft')
    await as(operator, 'PUT', `/products/${product.id}`, { stock: 6 })
    expect((await publish(staged)).status).toBe(200)
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([0, 0])
    const other = await stageDraft({ prizes: [books(speaker.id)] }, product.organisation)
    expect((await publish(other)).body.code).toBe('sold_out')
    expect((await as(operator, 'DELETE', `/raffles/${other.id}`)).status).toBe(204)
  })

  it('goes to one raffle if several want the last unit', async () => {
    const product = await stageProduct({ stock: 1 })
    const prizes = [books(product.id)]
    const rivals = await Promise.all([1, 2, 3].map(() => stageDraft({ prizes }, product.organisation)))
    const statuses = (await Promise.all(rivals.map((rival) => publish(rival)))).map(({ status }) => status)
    expect(statuses.sort()).toEqual([200, 409, 409])
    expect(await stockOf(product.id)).toBe(0)
  })

  it('is set aside once if the publication runs concurrently', async () => {
    const { product, staged } = await stagePrize()
    const statuses = (await Promise.all([1, 2, 3].map(() => publish(staged)))).map(({ status }) => status)
    expect(statuses).toContain(200)
    expect(await stockOf(product.id)).toBe(3)
  })

  it('is set aside once wherever a publication crashes, and returned if the raffle stays a draft', async () => {
    expectLogged('unexpected error')
    const { product, staged } = await stagePrize()
    const ends = { repeat: () => publish(staged), sweep, delete: () => remove(staged) }
    for (const end of Object.keys(ends) as (keyof typeof ends)[]) {
      await everyDeath(async (death, place) => {
        at(NOW)
        const where = `${end}, ${place}`
        const raffle = await stageDraft({ prizes: [books(product.id, 2)] }, product.organisation)
        await setStock(product.organisation, product.id, 5)
        const dying = crashableProcess(death)
        await publish(raffle, dying.bindings).catch((error) => expect(error).toBeInstanceOf(Crash))
        await dying.settled()
        if (end === 'repeat') expect((await publish(raffle)).status, where).toSatisfy(isFineRepeat)
        if (end !== 'repeat') at(NOW + 2 * MINUTE)
        if (end !== 'repeat') await sweep()
        if (end === 'delete') await remove(raffle)
        const isDraft = (await as(raffle.operator, 'GET', `/raffles/${raffle.id}`)).body.status !== 'open'
        if (end === 'repeat') expect(isDraft, where).toBe(false)
        expect(await stockOf(product.id), where).toBe(isDraft ? 5 : 3)
        if (!isDraft) expect((await read(raffle.id)).prizes[0].productId, where).toBe(product.id)
        return dying.isDead()
      })
    }
  }, 120_000)

  it('stays set aside if a publication is repeated just before the sweep returns it', async () => {
    expectLogged('unexpected error')
    const { product, staged } = await stagePrize()
    await crashBeforePool(staged)
    expect(await stockOf(product.id)).toBe(3)
    at(NOW + 2 * MINUTE)
    const meanwhile = interrupted(/^delete from "stock_holds"/, () => publish(staged))
    await sweep({ DB: meanwhile.DB })
    expect(meanwhile.done()).toBe(true)
    expect(await stockOf(product.id)).toBe(3)
    expect(await read(staged.id)).toMatchObject({ status: 'open', prizes: [{ productId: product.id }] })
  })

  it('swapped just as its draft is published is not set aside under the old terms', async () => {
    const { product, staged } = await stagePrize()
    const speaker = await stageProduct(SPEAKER, product.organisation)
    const swap = { prizes: [books(speaker.id)] }
    const meanwhile = interrupted(/^insert into "stock_holds"/, () =>
      as(staged.operator, 'PUT', `/raffles/${staged.id}`, swap),
    )
    expect((await publish(staged, { DB: meanwhile.DB })).body.code).toBe('conflict')
    expect(meanwhile.done()).toBe(true)
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([5, 2])
    expect((await publish(staged)).body.prizes[0].productId).toBe(speaker.id)
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([5, 1])
  })

  it('cannot be swapped until the sweep has undone a crashed publication', async () => {
    expectLogged('unexpected error')
    const { product, staged } = await stagePrize()
    const speaker = await stageProduct(SPEAKER, product.organisation)
    await crashBeforePool(staged)
    const swap = () => as(staged.operator, 'PUT', `/raffles/${staged.id}`, { prizes: [books(speaker.id)] })
    expect((await swap()).body.code).toBe('conflict')
    expect((await as(staged.operator, 'DELETE', `/raffles/${staged.id}`)).body.code).toBe('conflict')
    at(NOW + 2 * MINUTE)
    await sweep()
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([5, 2])
    expect((await swap()).status).toBe(200)
    expect((await publish(staged)).body.prizes[0].productId).toBe(speaker.id)
    expect([await stockOf(product.id), await stockOf(speaker.id)]).toEqual([5, 1])
  })

  it('cannot be swapped after publication, though its title can change', async () => {
    const { product, staged } = await stagePrize()
    await publish(staged)
    const put = (prizes: unknown[]) => as(staged.operator, 'PUT', `/raffles/${staged.id}`, { prizes })
    const { id: other } = await stageProduct({}, product.organisation)
    const book = books(product.id, 2)
    for (const prizes of [
      [books(other, 2)],
      [books(product.id, 3)],
      [{ title: 'A book', quantity: 2 }],
      [book, book],
    ]) {
      const { status, body } = await put(prizes)
      expect([status, body.code, body.errors[0].path]).toEqual([409, 'invalid_state', 'prizes'])
    }
    const { body } = await put([
      { ...book, title: 'A novel' },
      { title: 'A pencil', quantity: 3 },
    ])
    expect(body.prizes).toMatchObject([{ title: 'A novel', productId: product.id }, { title: 'A pencil' }])
    expect(await stockOf(product.id)).toBe(3)
  })

  it('returns to the stock, unit by unit, if nobody gets it', async () => {
    const { product, staged } = await stagePrize({
      quantity: 4,
      changes: { onUnclaimed: 'keep' },
    })
    const prizes = [{ title: 'A pencil', quantity: 1 }, books(product.id, 4)]
    await as(staged.operator, 'PUT', `/raffles/${staged.id}`, { prizes })
    await publish(staged)
    expect(await stockOf(product.id)).toBe(1)
    await enter(staged.id, 4)
    await drawOnTime(staged)
    const won = (await winnersOf(staged.id)).filter(({ prize }) => prize.title === BOOK.title)
    expect(won.map(({ unit }) => unit)).toEqual(['2#1', '2#2', '2#3'])
    for (const { id } of won.slice(1)) {
      await as(await holderOf(id), 'POST', `/winners/${id}/claim`, { deliveryAddress: ADDRESS })
    }
    await as(staged.operator, 'POST', `/winners/${won[1].id}/deliver`)
    await disqualify(staged.operator, won[2].id, 'An employee')
    expect(await stockOf(product.id)).toBe(1)
    // The redraw finds no ticket left; then the claim windows end.
    for (const days of [0, 15, 30]) {
      at(DRAW_AT + days * DAY + MINUTE)
      await sweep()
    }
    expect((await read(staged.id)).status).toBe('settled')
    expect(await stockOf(product.id)).toBe(4)
    await sweep()
    expect(await stockOf(product.id)).toBe(4)
  })

  it('returns to the stock if too few tickets are sold', async () => {
    const { product, staged } = await stagePrize({ changes: { minTickets: 5 } })
    await publish(staged)
    await enter(staged.id, 2)
    at(CLOSES_AT)
    await ringAlarm(staged.pool)
    const dying = crashing(/^update "stock_holds"/)
    expectLogged(rowNotDone('raffle'))
    await sweep({ DB: dying.DB })
    expect([dying.done(), await stockOf(product.id)]).toEqual([true, 3])
    await sweep()
    expect((await read(staged.id)).status).toBe('cancelled')
    expect(await stockOf(product.id)).toBe(5)
  })

  it('is archived instead of deleted, and no stock is lost', async () => {
    const { product, staged } = await stagePrize()
    await publish(staged)
    expect((await as(staged.operator, 'DELETE', `/products/${product.id}`)).status).toBe(204)
    expect((await as(null, 'GET', `/products/${product.id}`)).body.status).toBe('archived')
    await as(staged.operator, 'POST', `/raffles/${staged.id}/cancel`, { reason: 'Out of print' })
    expect(await stockOf(product.id)).toBe(5)
  })
})

describe('a series whose prize is a product', () => {
  it('sets stock aside for each of its raffles, and shows the day for which none is left', async () => {
    expectLogged(rowNotDone('series'))
    const product = await stageProduct({ stock: 2 })
    const { operator } = product.organisation
    const terms = { ...seriesBody().terms, prizes: [books(product.id)] }
    const { body: series } = await as(operator, 'POST', '/series', seriesBody({ terms }))
    await sweep()
    expect(await rafflesOf(series.id)).toHaveLength(2)
    expect(await stockOf(product.id)).toBe(0)
    const [, , third] = await occurrences(series.id, 3, operator)
    expect(third).toMatchObject({ date: '2031-05-07', problem: expect.stringContaining('has only 0 left') })
    expect((await as(operator, 'GET', `/raffles/${third.raffleId}`)).body.status).toBe('draft')
    await sweep()
    await as(operator, 'PUT', `/products/${product.id}`, { stock: 1 })
    await sweep()
    await sweep()
    expect(await rafflesOf(series.id)).toHaveLength(3)
    expect(await stockOf(product.id)).toBe(0)
  })
})

/** A repeat publishes, or conflicts because the raffle is already published. */
const isFineRepeat = (status: number): boolean => status === 200 || status === 409

const remove = (staged: Staged) => as(staged.operator, 'DELETE', `/raffles/${staged.id}`)

async function setStock({ operator }: Organisation, productId: string, stock: number): Promise<void> {
  expect((await as(operator, 'PUT', `/products/${productId}`, { stock })).status).toBe(200)
}

/** The process crashes at its call to the pool, when the stock is already set aside. */
async function crashBeforePool(staged: Staged): Promise<void> {
  const TICKET_POOL = {
    getByName: () => {
      throw new Crash()
    },
  } as unknown as DurableObjectNamespace
  await publish(staged, { ...env, TICKET_POOL }).catch((error) => expect(error).toBeInstanceOf(Crash))
}
