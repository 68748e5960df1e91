// Each kind of change reaches the index, whoever makes it: the main database notes it by itself.
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { type Bindings, createContext } from '../../src/core/context.ts'
import { followChanges } from '../../src/search/follow-changes.ts'
import { stageProduct } from '../catalog/shelf.ts'
import { stageEvent } from '../events/event-stage.ts'
import { environment } from '../harness/environment.ts'
import { registerPlayer, testSettings } from '../harness/people.ts'
import { as, buy, catchUp, KES, NOW, stageRaffle, useClock } from '../raffles/scenario.ts'
import { ask, idsOf, inStep, search } from './searching.ts'

useClock()

const changes = async (): Promise<number> =>
  (await env.DB.prepare('SELECT max(seq) AS seq FROM search_changes').first<number>('seq')) ?? 0

it('shows the prices of the ticket types that are not hidden', async () => {
  const { id, operator, types } = await stageEvent({ title: 'Priceless' })
  const prices = async () => (await search({ q: 'priceless' })).data[0].prices
  expect(await prices()).toEqual([{ currency: 'KES', lowest: 0, highest: 5_000 }])
  const type = (name: keyof typeof types) => `/events/${id}/ticket-types/${types[name]}`
  expect((await as(operator, 'PUT', type('vip'), { price: KES(7_000) })).status).toBe(200)
  expect((await as(operator, 'PUT', type('free'), { hidden: true })).status).toBe(200)
  expect(await prices()).toEqual([{ currency: 'KES', lowest: 1_000, highest: 7_000 }])
  const more = { name: 'Balcony', price: { amount: 9, currency: 'EUR' }, capacity: 1, hidden: true }
  expect((await as(operator, 'POST', `/events/${id}/ticket-types`, more)).status).toBe(201)
  expect(await prices()).toEqual([{ currency: 'KES', lowest: 1_000, highest: 7_000 }])
})

it('shows a raffle as closed that was closed early', async () => {
  const { id, operator } = await stageRaffle({ title: 'Earlybird', earlyClose: 'operator' })
  expect((await search({ q: 'earlybird' })).data[0].status).toBe('open')
  const closed = await as(operator, 'POST', `/raffles/${id}/close`, { reason: 'Enough for today.' })
  expect(closed.status, JSON.stringify(closed.body)).toBe(200)
  await catchUp(id)
  expect((await search({ q: 'earlybird' })).data[0].status).toBe('closed')
})

it('notes no purchase, no stock and no draft', async () => {
  const raffle = await stageRaffle({ title: 'Quiet' })
  const { id, organisation } = await stageProduct({ title: 'Quiet', stock: 5 })
  await inStep()
  const before = await changes()
  expect((await buy(await registerPlayer(), raffle.id)).status).toBe(201)
  await catchUp(raffle.id)
  const stock = await as(organisation.operator, 'PUT', `/products/${id}`, { stock: 4 })
  expect(stock.status).toBe(200)
  expect(await changes()).toBe(before)
})

it('waits for the sweep if the index cannot be reached, and tells nobody', async () => {
  const broken = {
    prepare: () => {
      throw new Error('D1_ERROR: Network connection lost.')
    },
  } as unknown as D1Database
  const { id, operator } = await stageEvent({ title: 'Patience' })
  await inStep()
  const bindings = { SEARCH: broken } as Partial<Bindings>
  const changed = await as(operator, 'PUT', `/events/${id}`, { title: 'Impatience' }, { bindings })
  expect(changed.status).toBe(200)
  expect(idsOf((await ask({ q: 'impatience' })).body)).toEqual([])
  await inStep()
  expect(idsOf((await ask({ q: 'impatience' })).body)).toEqual([id])
})

it('loses nothing if it dies between any two of its steps, or runs twice at once', async () => {
  const titles = ['Onefold', 'Twofold', 'Threefold']
  const { id, operator } = await stageEvent({ title: 'Zerofold' })
  await inStep()
  for (const [at, title] of titles.entries()) {
    expect((await as(operator, 'PUT', `/events/${id}`, { title })).status).toBe(200)
    let calls = 0
    const dying = {
      prepare: (sql: string) => env.SEARCH.prepare(sql),
      batch: async (statements: D1PreparedStatement[]) => {
        // The transaction is lost, or only its answer is.
        if (calls++ === 0 && at === 0) throw new Error('D1_ERROR: the process died')
        const result = await env.SEARCH.batch(statements)
        if (at === 1) throw new Error('D1_ERROR: the process died')
        return result
      },
    } as unknown as D1Database
    const ctx = createContext(environment({ SEARCH: dying }), testSettings(), NOW, 'dying')
    await followChanges(ctx, 60_000).catch(() => {})
    await Promise.all([inStep(), inStep(), inStep()])
    expect(idsOf((await ask({ q: title })).body)).toEqual([id])
    expect(idsOf((await ask({ q: titles[at - 1] ?? 'Zerofold' })).body)).toEqual([])
  }
})
