// A ticket type in its real object: configure, sell, evict, project, raise and lower the total.

import { env } from 'cloudflare:workers'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { newId } from '../../../src/core/ids.ts'
import { findRaffle } from '../../../src/raffles/find-raffle.ts'
import { askPool } from '../../../src/tickets/client.ts'
import { OPEN_TO_ALL } from '../../../src/tickets/entry-terms.ts'
import { poolNameOf } from '../../../src/tickets/reservation-id.ts'
import type { Terms, TicketTypeTerms } from '../../../src/tickets/terms.ts'
import { testContext } from '../../harness/people.ts'
import { ANYONE } from '../entrant.ts'
import {
  aKey,
  confirm,
  evict,
  expectProjected,
  found,
  HOLD_MS,
  held,
  hold,
  inside,
  MINUTE_MS,
  type OnSale,
  raffleOnSale,
  release,
  ring,
  SALES_MS,
  stateOf,
  stopClock,
  voidTickets,
  wait,
} from '../raffle-fixture.ts'
import { watchWrites } from './pool-watch.ts'

beforeAll(stopClock)
afterAll(() => void vi.useRealTimers())

const someone = () => `user_${aKey()}`

const termsNow = (changes: Partial<TicketTypeTerms> = {}): TicketTypeTerms => ({
  kind: 'ticketType',
  title: 'Balcony',
  organisationId: newId('organisation'),
  unitAmount: 500,
  currency: 'KES',
  total: 5,
  maxPerUser: null,
  opensAt: Date.now() - MINUTE_MS,
  closesAt: Date.now() + SALES_MS,
  paymentSpanSeconds: 900,
  providers: ['sandbox'],
  ...OPEN_TO_ALL,
  ...changes,
})

const configure = ({ id, pool }: OnSale, version: number, terms: Terms) =>
  askPool(testContext(), pool, (stub) => stub.configure(id, version, terms))

/** Any id will do, since only the pool uses it. */
async function ticketTypeOnSale(terms = termsNow()): Promise<OnSale> {
  const id = newId('user')
  const { closesAt } = terms
  const item = { id, pool: poolNameOf(id), closesAt, freezeAt: Number.POSITIVE_INFINITY, operator: '' }
  expect(await configure(item, 1, terms)).toEqual({ ok: true, version: 1 })
  return item
}

describe('a ticket type', () => {
  it('loads everything again after an eviction, and D1 agrees', async () => {
    const item = await ticketTypeOnSale()
    const [first, second] = [await held(item, someone(), 2), await held(item, someone(), 2)]
    expect(await confirm(first)).toMatchObject({ ok: true, lost: false, reservation: { numbers: [1, 2] } })
    await voidTickets(first, [1])
    await release(second)
    const before = await stateOf(item)
    expect(before).toMatchObject({
      itemId: item.id,
      sold: 1,
      held: 0,
      logSize: 0,
      freezeAt: null,
      dueAt: null,
    })
    await evict(item)
    expect(await stateOf(item)).toEqual(before)
    expect(await found(first)).toMatchObject({ state: 'sold', numbers: [2] })
    expect((await held(item, someone(), 2)).numbers).toEqual([1, 3])
    await ring(item)
    await expectProjected(item)
  })

  it('can raise its total when it is sold out, and lower it to the tickets sold', async () => {
    const terms = termsNow({ total: 2 })
    const item = await ticketTypeOnSale(terms)
    await confirm(await held(item, someone(), 2))
    expect(await hold(item, someone(), 1)).toMatchObject({ ok: false, code: 'sold_out' })
    expect(await configure(item, 2, { ...terms, total: 4 })).toEqual({ ok: true, version: 2 })
    await confirm(await held(item, someone(), 1))
    expect(await configure(item, 3, { ...terms, total: 2 })).toMatchObject({
      ok: false,
      code: 'invalid_state',
    })
    expect(await configure(item, 3, { ...terms, total: 3 })).toEqual({ ok: true, version: 3 })
    await evict(item)
    expect(await hold(item, someone(), 1)).toMatchObject({ ok: false, code: 'sold_out' })
    expect(await stateOf(item)).toMatchObject({ termsVersion: 3, total: 3, sold: 3 })
    await ring(item)
    await expectProjected(item)
  })

  it('never freezes: its alarm rings only for holds', async () => {
    const item = await ticketTypeOnSale()
    const late = await held(item, someone(), 2)
    wait(HOLD_MS)
    expect(await ring(item)).toBe(true)
    expect((await found(late)).state).toBe('released')
    await ring(item)
    wait(2 * SALES_MS)
    await askPool(testContext(), item.pool, (stub) => stub.advance())
    expect(await inside(item, (_, { storage }) => storage.getAlarm())).toBeNull()
    // Sales have ended, so the payment is too late.
    expect(await confirm(late)).toMatchObject({ ok: true, lost: true })
    expect(await stateOf(item)).toMatchObject({ sold: 0, commitment: null, cancellation: null })
    await expectProjected(item)
  })

  it('can be closed and cancelled', async () => {
    const item = await ticketTypeOnSale()
    const kept = await held(item, someone(), 1)
    const closed = await askPool(testContext(), item.pool, (stub) => stub.close())
    expect(closed).toMatchObject({ ok: true })
    expect(await hold(item, someone(), 1)).toMatchObject({ ok: false, code: 'sales_closed' })
    expect(await confirm(kept)).toMatchObject({ ok: true, lost: false })
    await askPool(testContext(), item.pool, (stub) => stub.cancel('operator', 'Rain.'))
    await evict(item)
    expect(await stateOf(item)).toMatchObject({ sold: 1, cancellation: { reason: 'Rain.', signature: null } })
    await expectProjected(item)
  })

  it('refuses every call about a draw', async () => {
    const { id, pool } = await ticketTypeOnSale()
    const refused = { ok: false }
    const request = { key: 'one', attempt: 1, units: ['1#1'], reason: 'none', disqualifiedTickets: [] }
    const answers = await askPool(testContext(), pool, async (stub) => [
      await stub.draw(0, '00'),
      await stub.redraw(request),
      await stub.recompute(),
      await stub.listSlice(0),
      await stub.logSlice(0),
      await stub.configure(`${id}x`, 2, termsNow()),
    ])
    expect(answers).toMatchObject([refused, refused, null, null, null, { ok: false, code: 'conflict' }])
  })

  it('writes no more rows for a free ticket than a raffle', async () => {
    const rows = async (item: OnSale) => {
      const written = await watchWrites(item)
      for (let sale = 0; sale < 5; sale++) {
        const request = { itemId: item.id, holder: someone(), key: aKey(), request: '', quantity: 1 }
        const answer = await askPool(testContext(), item.pool, (stub) =>
          stub.reserve({ ...request, entrant: ANYONE, numbers: null, payment: null }),
        )
        expect(answer).toMatchObject({ ok: true })
      }
      return written.object
    }
    const raffle = await rows(await raffleOnSale())
    expect(await rows(await ticketTypeOnSale(termsNow({ unitAmount: 0 })))).toBeLessThanOrEqual(raffle)
  })
})

describe('a row of D1 from before there were ticket types', () => {
  it('is still read as a raffle', async () => {
    const raffle = await raffleOnSale()
    await env.DB.prepare(`UPDATE pools SET terms = json_remove(terms, '$.kind') WHERE pool = ?`)
      .bind(raffle.pool)
      .run()
    const { pool } = await findRaffle(testContext(), raffle.id)
    expect(pool!.terms).toEqual((await stateOf(raffle)).terms)
  })
})
