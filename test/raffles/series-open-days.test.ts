// Days with an unfinished raffle: a skip or another reward deletes everything of that raffle.
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { BOOK, stageProduct, stockOf } from '../catalog/shelf.ts'
import { Crash } from '../harness/crash.ts'
import { allowLogged, expectLogged, rowNotDone } from '../harness/log.ts'
import { as, at, interrupted, MINUTE, NOW, sweep, useClock } from './scenario.ts'
import { countRows, daysOf, occurrences, rafflesOf, seriesBody, stageSeries } from './series-stage.ts'

/** The only day of the series. */
const DATE = '2031-05-06'
const ONE_DAY = { startsOn: DATE, endsOn: DATE }
const NOTHING = { raffles: 0, claims: 0 }

/** A series that gives away books; `stock` of them are in the shop. */
async function stageBooks(stock: number) {
  const product = await stageProduct({ stock })
  const { operator } = product.organisation
  const prizes = [{ title: BOOK.title, quantity: 2, productId: product.id }]
  const body = seriesBody({ terms: { ...seriesBody().terms, prizes }, ...ONE_DAY })
  const { id } = (await as(operator, 'POST', '/series', body)).body as { id: string }
  const day = (kind: 'skips' | 'rewards') => `/series/${id}/${kind}/${DATE}`
  return {
    id,
    product: product.id,
    operator,
    skip: (bindings = {}) => as(operator, 'PUT', day('skips'), undefined, { bindings }),
    unskip: () => as(operator, 'DELETE', day('skips')),
    reward: (title: string, productId?: string) =>
      as(operator, 'PUT', day('rewards'), { prizes: [{ title, quantity: 2, productId }] }),
    unreward: () => as(operator, 'DELETE', day('rewards')),
    first: async () => (await occurrences(id, 1, operator))[0],
  }
}

type Books = Awaited<ReturnType<typeof stageBooks>>

/** The sweep crashes at its call to the pool, when the stock is already set aside. */
async function crashBeforePool(): Promise<void> {
  const TICKET_POOL = {
    getByName: () => {
      throw new Crash()
    },
  } as unknown as DurableObjectNamespace
  await sweep({ ...env, TICKET_POOL }).catch((error) => expect(error).toBeInstanceOf(Crash))
}

const prizesOf = async (id: string) =>
  (await rafflesOf(id)).map(({ prizes }) => prizes.map(({ title }: { title: string }) => title))

/** Expects the day to be skipped or published, with nothing left of the other. */
async function expectOneOfBoth(books: Books, skipStatus: number, where: string): Promise<void> {
  at(NOW + 2 * MINUTE)
  await sweep()
  await sweep()
  const isSkipped = skipStatus === 200
  expect(await daysOf(books.id), where).toEqual(isSkipped ? [] : [DATE])
  expect(await countRows(books.id), where).toEqual(isSkipped ? NOTHING : { raffles: 1, claims: 1 })
  expect(await stockOf(books.product), where).toBe(isSkipped ? 5 : 3)
  expect((await books.first()).skipped, where).toBe(isSkipped)
  at(NOW)
}

describe('a day whose raffle cannot be published', () => {
  useClock()

  it('can be skipped and restored', async () => {
    expectLogged(rowNotDone('series'))
    const books = await stageBooks(1)
    await sweep()
    expect(await books.first()).toMatchObject({
      status: 'draft',
      problem: expect.stringContaining('only 1 left'),
    })
    const { raffleId } = await books.first()
    expect((await books.skip()).body).toEqual({ date: DATE })
    expect(await countRows(books.id)).toEqual(NOTHING)
    expect((await as(books.operator, 'GET', `/raffles/${raffleId}`)).status).toBe(404)
    await sweep()
    expect(await books.first()).toMatchObject({ date: DATE, skipped: true, raffleId: null, problem: null })
    await as(books.operator, 'PUT', `/products/${books.product}`, { stock: 5 })
    expect((await books.unskip()).status).toBe(204)
    await sweep()
    expect(await books.first()).toMatchObject({
      date: DATE,
      skipped: false,
      status: 'scheduled',
      problem: null,
    })
    expect(await stockOf(books.product)).toBe(3)
    expect((await books.skip()).body.code).toBe('invalid_state')
  })

  it('can get another reward, and lose it again', async () => {
    expectLogged(rowNotDone('series'))
    const books = await stageBooks(1)
    await sweep()
    expect((await books.unreward()).status).toBe(404)
    expect((await books.reward('A mug')).status).toBe(200)
    await sweep()
    expect(await prizesOf(books.id)).toEqual([['A mug']])
    expect((await books.reward('A car')).body.code).toBe('invalid_state')
    expect((await books.unreward()).body.code).toBe('invalid_state')
    expect(await countRows(books.id)).toEqual({ raffles: 1, claims: 1 })
    const others = await stageBooks(1)
    const pens = { prizes: [{ title: 'A pen', quantity: 1 }] }
    await as(others.operator, 'PUT', `/series/${others.id}`, { terms: pens })
    expect((await others.reward('Books', others.product)).status).toBe(200)
    await sweep()
    expect((await others.first()).problem).toContain('only 1 left')
    expect((await others.unreward()).status).toBe(204)
    await sweep()
    expect(await prizesOf(others.id)).toEqual([['A pen']])
  })

  it('can be skipped after its draft was deleted', async () => {
    expectLogged(rowNotDone('series'))
    const books = await stageBooks(1)
    await sweep()
    const { raffleId } = await books.first()
    expect((await as(books.operator, 'DELETE', `/raffles/${raffleId}`)).status).toBe(204)
    expect((await books.skip()).status).toBe(200)
    await sweep()
    expect(await countRows(books.id)).toEqual(NOTHING)
  })

  it('can be skipped once a crashed publication is over, and its stock returns', async () => {
    expectLogged(rowNotDone('series'))
    const books = await stageBooks(5)
    await crashBeforePool()
    expect(await stockOf(books.product)).toBe(3)
    expect((await books.skip()).body.code).toBe('conflict')
    at(NOW + MINUTE - 1)
    expect((await books.reward('A mug')).body.code).toBe('conflict')
    at(NOW + 2 * MINUTE)
    expect((await books.skip()).status).toBe(200)
    expect(await stockOf(books.product)).toBe(5)
    await sweep()
    expect(await countRows(books.id)).toEqual(NOTHING)
  })

  it('cannot be skipped once its pool has the terms, even if the database lacks them', async () => {
    expectLogged(rowNotDone('series'))
    const books = await stageBooks(5)
    const crash = interrupted(/"terms_version" =/, async () => {
      throw new Error('the worker crashed here')
    })
    await sweep({ DB: crash.DB })
    expect(crash.done()).toBe(true)
    at(NOW + 2 * MINUTE)
    const { status, body } = await books.skip()
    expect([status, body.code]).toEqual([409, 'conflict'])
    await sweep()
    expect(await daysOf(books.id)).toEqual([DATE])
    expect(await stockOf(books.product)).toBe(3)
  })

  it.each([
    /insert into "series_occurrences"/,
    /insert into "raffles"/,
    /insert into "stock_holds"/,
    /"terms_version" =/,
    /^update "series" set "status"/,
  ])('is skipped or published, never both, if it is skipped while the sweep is at %s', async (place) => {
    allowLogged(rowNotDone('series'))
    const books = await stageBooks(5)
    let status = 0
    const skipping = interrupted(place, async () => {
      status = (await books.skip()).status
    })
    await sweep({ DB: skipping.DB })
    expect([skipping.done(), [200, 409].includes(status)]).toEqual([true, true])
    await expectOneOfBoth(books, status, String(place))
  })

  it('is skipped or published, never both, if the sweep publishes it during the skip', async () => {
    expectLogged(rowNotDone('series'))
    for (const begun of [false, true]) {
      const books = await stageBooks(begun ? 1 : 5)
      if (begun) await sweep()
      await as(books.operator, 'PUT', `/products/${books.product}`, { stock: 5 })
      const publishing = interrupted(/insert into "series_skips"/, () => sweep())
      const { status } = await books.skip({ DB: publishing.DB })
      expect([publishing.done(), status]).toEqual([true, 409])
      await expectOneOfBoth(books, status, `begun: ${begun}`)
    }
  })

  it('leaves no draft behind if it is skipped and restored while a sweep inserts one', async () => {
    const books = await stageBooks(5)
    const meanwhile = interrupted(/insert into "raffles"/, async () => {
      await books.skip()
      await books.unskip()
      await sweep()
    })
    await sweep({ DB: meanwhile.DB })
    expect(meanwhile.done()).toBe(true)
    expect(await countRows(books.id)).toEqual({ raffles: 1, claims: 1 })
    expect(await daysOf(books.id)).toEqual([DATE])
    expect(await stockOf(books.product)).toBe(3)
  })

  it('does not affect the other days of its series', async () => {
    expectLogged(rowNotDone('series'))
    const { id, path, operator } = await stageSeries()
    const { id: product } = await stageProduct({ stock: 0 })
    const soldOutPrize = JSON.stringify([
      { kind: 'item', title: 'A book', quantity: 1, value: null, productId: product },
    ])
    await env.DB.prepare(`INSERT INTO series_rewards VALUES (?, '2031-05-06', ?, NULL)`)
      .bind(id, soldOutPrize)
      .run()
    await sweep()
    expect((await as(operator, 'PUT', `${path}/skips/2031-05-06`)).status).toBe(200)
    await sweep()
    expect(await daysOf(id)).toEqual(['2031-05-05', '2031-05-07'])
    expect(await countRows(id)).toEqual({ raffles: 2, claims: 2 })
  })
})
