// A pool keeps its promises after faults: an eviction, an early or late alarm, a late payment, a failing or slow D1, a
// lost answer, and a malformed call.

import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { BOOKMARK_HEADER } from '../../../src/core/bookmark.ts'
import { canonicalRules } from '../../../src/rdp1/rules.ts'
import { askPool } from '../../../src/tickets/client.ts'
import { OPEN_TO_ALL } from '../../../src/tickets/entry-terms.ts'
import type { Reservation } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress, reservationId } from '../../../src/tickets/reservation-id.ts'
import type { RaffleTerms, Terms } from '../../../src/tickets/terms.ts'
import { call } from '../../harness/client.ts'
import { failingDatabase } from '../../harness/faults.ts'
import { expectLogged } from '../../harness/log.ts'
import { testContext } from '../../harness/people.ts'
import { ANYONE } from '../entrant.ts'
import {
  aBuyer,
  aKey,
  allInPool,
  type Buyer,
  buy,
  buyers,
  confirm,
  evict,
  expectProjected,
  expectSound,
  found,
  HOLD_MS,
  held,
  hold,
  inside,
  MINUTE_MS,
  numbersOf,
  type OnSale,
  PRICED,
  raffleOnSale,
  release,
  ring,
  SECOND_MS,
  stateOf,
  stopClock,
  voidTickets,
  wait,
} from '../raffle-fixture.ts'
import { holdBatches, loseAnswers, replaceDatabase, watchWrites } from './pool-watch.ts'

beforeAll(stopClock)
afterAll(() => void vi.useRealTimers())
afterEach(() => void vi.restoreAllMocks())

/** A pool's state, free numbers and reservations. */
const everything = async (raffle: OnSale) => ({
  state: await stateOf(raffle),
  free: await askPool(testContext(), raffle.pool, (pool) => pool.freeNumbers(1, 1_000)),
  reservations: await allInPool(raffle),
})

/** Moves the clock to just after the freeze by alarm. */
const waitForFreeze = ({ freezeAt }: OnSale) => vi.setSystemTime(freezeAt + 5 * SECOND_MS)

const termsOf = async (raffle: OnSale) => (await stateOf(raffle)).terms as RaffleTerms

const someone = () => `user_${aKey()}`
const D1_IS_DOWN = () => failingDatabase('D1_ERROR: D1 DB is overloaded. Requests queued for too long.')

describe('an object that loses its memory', () => {
  it('loads everything again: sold, held, released, voided, expired and lost', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 12 })
    await confirm(await held(raffle, someone(), 3))
    const partly = await held(raffle, someone(), 3)
    await confirm(partly)
    await voidTickets(partly, partly.numbers.slice(1, 2))
    await release(await held(raffle, someone(), 2))
    const late = await held(raffle, someone(), 3)
    wait(HOLD_MS)
    for (const quantity of [3, 3, 1]) await held(raffle, someone(), quantity)
    await confirm(late)
    const before = await everything(raffle)
    expect(before.state).toMatchObject({ sold: 5, held: 7, logSize: 7 })
    await evict(raffle)
    expect(await everything(raffle)).toEqual(before)
    expect(await confirm(late)).toMatchObject({ ok: true, lost: true })
  })

  it('sells the next number after each eviction, and repeats earlier answers', async () => {
    const raffle = await raffleOnSale({ totalTickets: 10, numbering: 'sequential' })
    const buyer = await aBuyer()
    for (let number = 1; number <= 10; number++) {
      const key = aKey()
      expect(numbersOf(await buy(raffle, buyer, { quantity: 1 }, key))).toEqual([number])
      await evict(raffle)
      expect(numbersOf(await buy(raffle, buyer, { quantity: 1 }, key))).toEqual([number])
    }
    expect((await buy(raffle, buyer, { quantity: 1 })).body.code).toBe('sold_out')
    await expectProjected(raffle)
  })

  it('still pauses a holder for half an hour after three expired reservations, and for longer after a fourth', async () => {
    const raffle = await raffleOnSale(PRICED)
    const holder = someone()
    for (let expiry = 0; expiry < 3; expiry++) {
      await held(raffle, holder, 1)
      wait(HOLD_MS)
      expect(await ring(raffle)).toBe(true)
    }
    expect((await stateOf(raffle)).held).toBe(0)
    for (const minutes of [0, 29]) {
      wait(minutes * MINUTE_MS)
      expect(await hold(raffle, holder, 1)).toMatchObject({ ok: false, code: 'limit_reached' })
      await evict(raffle)
      expect(await hold(raffle, holder, 1)).toMatchObject({ ok: false, code: 'limit_reached' })
      expect(await hold(raffle, someone(), 1)).toMatchObject({ ok: true })
    }
    wait(MINUTE_MS)
    await held(raffle, holder, 1)
    wait(HOLD_MS)
    await evict(raffle)
    for (const minutes of [0, 59]) {
      wait(minutes * MINUTE_MS)
      expect(await hold(raffle, holder, 1)).toMatchObject({ ok: false, code: 'limit_reached' })
    }
    wait(MINUTE_MS)
    expect(await hold(raffle, holder, 1)).toMatchObject({ ok: true })
  })

  it('loses no acknowledged ticket and sells none twice while it is evicted under load', async () => {
    const raffle = await raffleOnSale({ totalTickets: 400 })
    const acknowledged: number[] = []
    for (let round = 0; round < 8; round++) {
      const crowd = await buyers(20)
      const answers = crowd.map((buyer) => buy(raffle, buyer, { quantity: 2 }))
      await evict(raffle).catch(() => {})
      for (const answer of await Promise.all(answers)) {
        expect(answer.status).toBe(201)
        acknowledged.push(...numbersOf(answer))
      }
    }
    expect(new Set(acknowledged).size).toBe(320)
    const stored = (await expectSound(raffle)).flatMap((each) => each.numbers)
    expect(stored.sort()).toEqual(acknowledged.sort())
    await ring(raffle)
    await expectProjected(raffle)
  })

  it('sells exactly once to each buyer whose call was open when it was killed', async () => {
    const raffle = await raffleOnSale()
    const crowd = await buyers(20)
    const answers = crowd.map((buyer) => buy(raffle, buyer, { quantity: 2 }))
    await abortAllDurableObjects()
    const numbers = (await Promise.all(answers)).flatMap(numbersOf)
    expect(new Set(numbers).size).toBe(40)
    expect(await expectSound(raffle)).toHaveLength(20)
    await ring(raffle)
    await expectProjected(raffle)
  })
})

describe('the alarm', () => {
  it('changes nothing when it rings early, and expires a hold once when it rings twice', async () => {
    const raffle = await raffleOnSale(PRICED)
    const reservation = await held(raffle, someone(), 4)
    const before = await everything(raffle)
    for (let time = 0; time < 3; time++) await ring(raffle)
    expect(await everything(raffle)).toEqual(before)
    wait(HOLD_MS)
    await ring(raffle)
    const after = await everything(raffle)
    expect(after.state).toMatchObject({ held: 0, seq: before.state.seq + 1 })
    await ring(raffle)
    await evict(raffle)
    await ring(raffle)
    expect(await everything(raffle)).toEqual(after)
    expect((await found(reservation)).state).toBe('released')
    await expectProjected(raffle)
  })

  it('may be late: an expired hold does not block the next buyer', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 3 })
    await held(raffle, someone(), 3)
    expect(await hold(raffle, someone(), 1)).toMatchObject({ ok: false, code: 'sold_out' })
    wait(HOLD_MS)
    expect(await hold(raffle, someone(), 1)).toMatchObject({ ok: true })
  })

  it('commits once, however often and late it rings', async () => {
    const raffle = await raffleOnSale()
    await buy(raffle, await aBuyer(), { quantity: 3 })
    vi.setSystemTime(raffle.closesAt - SECOND_MS)
    await ring(raffle)
    expect((await stateOf(raffle)).commitment).toBeNull()
    waitForFreeze(raffle)
    expect(await ring(raffle)).toBe(true)
    const { commitment } = await stateOf(raffle)
    expect(commitment).toMatchObject({ ticketCount: 3, log: { size: 3 } })
    wait(MINUTE_MS)
    await ring(raffle)
    await evict(raffle)
    await askPool(testContext(), raffle.pool, (pool) => pool.advance())
    expect((await stateOf(raffle)).commitment).toEqual(commitment)
    await expectProjected(raffle)
  })

  it('pauses after a failure, instead of ringing again at once for ever', async () => {
    expectLogged('commit failed', 'alarm failed')
    // A pool can sell under rules without a beacon, but it cannot commit.
    const raffle = await raffleOnSale()
    const terms = await termsOf(raffle)
    const other = { ...raffle, pool: 'fffffffffff' }
    const beaconless = { ...terms, rules: canonicalRules({ ...JSON.parse(terms.rules), chain: null }) }
    await askPool(testContext(), other.pool, (pool) => pool.configure(raffle.id, 1, beaconless))
    await ring(other)
    waitForFreeze(raffle)
    for (let time = 0; time < 3; time++) {
      expect(await ring(other)).toBe(true)
      const next = await inside(other, (_, { storage }) => storage.getAlarm())
      expect(next).toBeGreaterThan(Date.now())
    }
    expect((await stateOf(other)).commitment).toBeNull()
  })
})

describe('a late payment', () => {
  it('gets its own numbers while they are free', async () => {
    const raffle = await raffleOnSale(PRICED)
    const late = await held(raffle, someone(), 5)
    wait(HOLD_MS)
    await ring(raffle)
    const outcome = await confirm(late)
    expect(outcome).toMatchObject({
      ok: true,
      lost: false,
      reservation: { numbers: late.numbers, state: 'sold' },
    })
    expect(await confirm(late)).toEqual(outcome)
    await expectSound(raffle)
  })

  it('gets other numbers if its own are taken and the buyer did not choose them', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 4, numbering: 'sequential' })
    const late = await held(raffle, someone(), 2)
    wait(HOLD_MS)
    await confirm(await held(raffle, someone(), 1))
    const outcome = await confirm(late)
    expect(outcome).toMatchObject({ ok: true, lost: false, reservation: { numbers: [2, 3] } })
    await evict(raffle)
    expect(await confirm(late)).toEqual(outcome)
    await expectSound(raffle)
    await expectProjected(raffle)
  })

  it('is lost if its chosen numbers are taken, and stays lost when they are free again', async () => {
    const raffle = await raffleOnSale({ ...PRICED, numbering: 'chosen' })
    const late = await held(raffle, someone(), 2, [10, 11])
    wait(HOLD_MS)
    const quick = await held(raffle, someone(), 1, [11])
    const outcome = await confirm(late)
    expect(outcome).toMatchObject({ ok: true, lost: true, reservation: { state: 'released' } })
    await release(quick)
    await evict(raffle)
    expect(await confirm(late)).toEqual(outcome)
    expect(await stateOf(raffle)).toMatchObject({ sold: 0, held: 0 })
  })

  it('is lost if too few numbers are left', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 5 })
    const late = await held(raffle, someone(), 3)
    wait(HOLD_MS)
    await confirm(await held(raffle, someone(), 3))
    expect(await confirm(late)).toMatchObject({ ok: true, lost: true })
    expect(await stateOf(raffle)).toMatchObject({ sold: 3, held: 0 })
  })

  it('is lost if its buyer would exceed the limit', async () => {
    const raffle = await raffleOnSale({ ...PRICED, maxPerUser: 4 })
    const buyer = someone()
    const late = await held(raffle, buyer, 3)
    wait(HOLD_MS)
    await confirm(await held(raffle, buyer, 2))
    expect(await confirm(late)).toMatchObject({ ok: true, lost: true })
  })

  it('gets its numbers between close and freeze, and is lost after the freeze, even if the alarm is late', async () => {
    const raffle = await raffleOnSale(PRICED)
    vi.setSystemTime(raffle.closesAt - SECOND_MS)
    const [first, second] = [await held(raffle, someone(), 1), await held(raffle, someone(), 1)]
    const third = await held(raffle, someone(), 1)
    vi.setSystemTime(raffle.closesAt)
    expect(await hold(raffle, someone(), 1)).toMatchObject({ ok: false, code: 'sales_closed' })
    vi.setSystemTime(raffle.freezeAt - 1)
    expect(await confirm(first)).toMatchObject({ ok: true, lost: false })
    vi.setSystemTime(raffle.freezeAt)
    expect(await confirm(second)).toMatchObject({ ok: true, lost: true })
    waitForFreeze(raffle)
    await ring(raffle)
    expect(await confirm(third)).toMatchObject({ ok: true, lost: true })
    const state = await stateOf(raffle)
    expect(state).toMatchObject({ sold: 1, held: 0, commitment: { ticketCount: 1 } })
    await expectProjected(raffle)
  })
})

describe('voiding', () => {
  it('puts a refunded ticket back on sale, and removes it from the list', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 3, numbering: 'sequential' })
    const refunded = await held(raffle, someone(), 3)
    await confirm(refunded)
    expect(await voidTickets(refunded, [2])).toMatchObject({ ok: true, reservation: { numbers: [1, 3] } })
    expect(await voidTickets(refunded, [2])).toMatchObject({ ok: true, reservation: { numbers: [1, 3] } })
    const again = await held(raffle, someone(), 1)
    expect(again.numbers).toEqual([2])
    await confirm(again)
    expect(await voidTickets(refunded)).toMatchObject({ ok: true, reservation: { state: 'voided' } })
    await evict(raffle)
    expect(await voidTickets(refunded)).toMatchObject({ ok: true, reservation: { state: 'voided' } })
    expect(await stateOf(raffle)).toMatchObject({ sold: 1, logSize: 7 })
    await expectProjected(raffle)
  })

  it('is refused for numbers of another reservation, and after the freeze', async () => {
    const raffle = await raffleOnSale(PRICED)
    const sold = await held(raffle, someone(), 2)
    const unpaid = await held(raffle, someone(), 1)
    await confirm(sold)
    expect(await voidTickets(unpaid)).toMatchObject({ ok: false, code: 'invalid_state' })
    expect(await voidTickets(sold, unpaid.numbers)).toMatchObject({ ok: false, code: 'invalid_state' })
    const early = await voidTickets(sold, sold.numbers.slice(0, 1))
    vi.setSystemTime(raffle.freezeAt)
    expect(await voidTickets(sold)).toMatchObject({ ok: false, code: 'invalid_state' })
    waitForFreeze(raffle)
    await ring(raffle)
    expect(await voidTickets(sold)).toMatchObject({ ok: false, code: 'invalid_state' })
    // A repeat of an earlier void succeeds at any time.
    expect(await voidTickets(sold, sold.numbers.slice(0, 1))).toEqual(early)
    expect((await stateOf(raffle)).commitment).toMatchObject({ ticketCount: 1, log: { size: 3 } })
  })
})

describe('with D1 down', () => {
  it('the pool sells tickets, buyers can read their own, and the alarm projects the rest later', async () => {
    const raffle = await raffleOnSale()
    const buyer = await aBuyer()
    const known = await buy(raffle, buyer, { quantity: 1 })
    const restoreDatabase = await replaceDatabase(raffle, D1_IS_DOWN())
    expect((await buy(raffle, buyer, { quantity: 2 })).status).toBe(201)
    // From now on D1 never answers, so a call that waited for it would never answer either.
    await replaceDatabase(raffle, { prepare: () => NEVER, batch: () => NEVER } as unknown as D1Database)
    const answers = await Promise.all((await buyers(30)).map((each) => buy(raffle, each, { quantity: 1 })))
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    const unprojected = await buy(raffle, buyer, { quantity: 1 })

    const read = (answer: typeof known, bindings = {}) =>
      call('GET', `/api/v1/tickets/${answer.body.reservation.id}`, { token: buyer.token, bindings })
    const mine = ({ body: { reservation, tickets } }: typeof known) => ({ reservation, tickets })
    expect((await read(unprojected)).body).toEqual(mine(unprojected))
    for (const answer of [known, unprojected]) {
      expect((await read(answer, { DB: D1_IS_DOWN() })).body).toEqual(mine(answer))
    }
    expect(await projectedSold(raffle)).toBe(1)

    await restoreDatabase()
    expect(await ring(raffle)).toBe(true)
    expect(await projectedSold(raffle)).toBe(34)
    await expectProjected(raffle)
  })

  it('the alarm retries with growing pauses, also after a restart', async () => {
    const raffle = await raffleOnSale()
    await replaceDatabase(raffle, D1_IS_DOWN())
    await buy(raffle, await aBuyer(), { quantity: 1 })
    const pauses: number[] = []
    for (let time = 0; time < 9; time++) {
      await ring(raffle)
      pauses.push((await inside(raffle, (_, { storage }) => storage.getAlarm()))! - Date.now())
    }
    expect(pauses).toEqual(pauses.toSorted((a, b) => a - b))
    expect(pauses[0]).toBeLessThanOrEqual(2 * SECOND_MS)
    expect(pauses.at(-1)).toBe(MINUTE_MS)
    await evict(raffle)
    await ring(raffle)
    await expectProjected(raffle)
  })

  it('holds are confirmed, released and expired as usual, and the freeze commits', async () => {
    const raffle = await raffleOnSale(PRICED)
    const restoreDatabase = await replaceDatabase(raffle, D1_IS_DOWN())
    await confirm(await held(raffle, someone(), 2))
    await release(await held(raffle, someone(), 2))
    await held(raffle, someone(), 2)
    waitForFreeze(raffle)
    await ring(raffle)
    expect(await stateOf(raffle)).toMatchObject({ sold: 2, held: 0, commitment: { ticketCount: 2 } })
    await restoreDatabase()
    await ring(raffle)
    await expectProjected(raffle)
    // Nothing is left to do. The alarm sees that once, and is not set again.
    await ring(raffle)
    expect(await inside(raffle, (_, { storage }) => storage.getAlarm())).toBeNull()
  })
})

const NEVER = new Promise<never>(() => {})

const projectedSold = (raffle: OnSale) =>
  env.DB.prepare('SELECT sold FROM pools WHERE pool = ?').bind(raffle.pool).first<number>('sold')

describe('with D1 slow', () => {
  it('a purchase answers before D1 does, and D1 gets every change in order later', async () => {
    const raffle = await raffleOnSale()
    const { batches, letThrough } = await holdBatches(raffle)
    const first = await buy(raffle, await aBuyer(), { quantity: 1 })
    expect(first.status).toBe(201)
    const crowd = await Promise.all((await buyers(20)).map((buyer) => buy(raffle, buyer, { quantity: 1 })))
    expect(crowd.every(({ status }) => status === 201)).toBe(true)
    // One batch is written at a time, so later changes wait.
    expect(batches()).toBe(1)
    expect(await projectedSold(raffle)).toBe(0)
    letThrough()
    await ring(raffle)
    expect(batches()).toBe(2)
    await expectProjected(raffle)
  })

  it('a restart repeats the batch that D1 may have missed', async () => {
    const raffle = await raffleOnSale()
    const { letThrough } = await holdBatches(raffle)
    await Promise.all((await buyers(5)).map((buyer) => buy(raffle, buyer, { quantity: 1 })))
    const before = await stateOf(raffle)
    await abortAllDurableObjects()
    await ring(raffle)
    await expectProjected(raffle)
    // The old batch reaches D1 after newer ones, and changes nothing.
    await Promise.all((await buyers(5)).map((buyer) => buy(raffle, buyer, { quantity: 1 })))
    letThrough()
    expect(await stateOf(raffle)).toMatchObject({ sold: before.sold + 5 })
    await expectProjected(raffle)
  })
})

describe('a pool that sells fast', () => {
  /** More than a pool writes to D1 at once. */
  const RUSH = 30
  const rush = async (raffle: OnSale) => {
    for (const buyer of await buyers(RUSH)) await buy(raffle, buyer, { quantity: 1 })
  }
  const ticketsOf = async ({ token }: Buyer) => (await call('GET', '/api/v1/tickets', { token })).body.data

  it('gathers its sales, and D1 has them within a moment', async () => {
    const raffle = await raffleOnSale()
    const written = await watchWrites(raffle)
    await rush(raffle)
    expect(written.batches).toBeLessThan(RUSH / 2)
    await vi.waitFor(() => expectProjected(raffle), { timeout: 10_000, interval: 50 })
    expect(written.batches).toBeLessThan(RUSH / 2)
  })

  it('shows a buyer their own tickets at once', async () => {
    const raffle = await raffleOnSale()
    await rush(raffle)
    const buyer = await aBuyer()
    const { batches, letThrough } = await holdBatches(raffle)
    const bought = await buy(raffle, buyer, { quantity: 2 })
    // The answer did not wait for D1: the list does.
    expect(batches()).toBe(0)
    letThrough()
    const [mine] = await ticketsOf(buyer)
    expect(mine).toMatchObject({ reservation: bought.body.reservation, tickets: bought.body.tickets })
  })

  it('shows a purchase to whoever sends its bookmark back, in any isolate', async () => {
    const raffle = await raffleOnSale()
    await rush(raffle)
    const { headers } = await buy(raffle, await aBuyer(), { quantity: 2 })
    const bookmark = headers.get(BOOKMARK_HEADER)!
    const sold = async (sent: Record<string, string>) =>
      (await call('GET', `/api/v1/raffles/${raffle.id}/availability`, { headers: sent })).body.sold
    expect(await sold({})).toBeLessThan(RUSH + 2)
    expect(await sold({ [BOOKMARK_HEADER]: bookmark })).toBe(RUSH + 2)
  })

  it('shows a list without the latest tickets if D1 does not answer', async () => {
    const raffle = await raffleOnSale()
    await rush(raffle)
    const buyer = await aBuyer()
    await holdBatches(raffle)
    await buy(raffle, buyer, { quantity: 1 })
    expect(await ticketsOf(buyer)).toEqual([])
  })

  it('still writes to D1 at once what is not a sale', async () => {
    const raffle = await raffleOnSale()
    await rush(raffle)
    await askPool(testContext(), raffle.pool, (pool) => pool.cancel('operator', 'It rains.'))
    await expectProjected(raffle)
  })

  it('writes what it gathered after a restart', async () => {
    const raffle = await raffleOnSale()
    await rush(raffle)
    await holdBatches(raffle)
    await Promise.all((await buyers(5)).map((buyer) => buy(raffle, buyer, { quantity: 1 })))
    await abortAllDurableObjects()
    expect(await ring(raffle)).toBe(true)
    await expectProjected(raffle)
  })
})

describe('a hold', () => {
  it('is written to D1 with its payment, in one batch', async () => {
    const raffle = await raffleOnSale(PRICED)
    const written = await watchWrites(raffle)
    const reservation = await held(raffle, someone(), 2)
    expect(written.batches).toBe(0)
    await confirm(reservation)
    await vi.waitFor(() => expect(written.batches).toBe(1), { timeout: 10_000 })
    await expectProjected(raffle)
  })

  it('is written to D1 by itself if it is not paid at once', async () => {
    const raffle = await raffleOnSale(PRICED)
    await held(raffle, someone(), 2)
    await vi.waitFor(() => expectProjected(raffle), { timeout: 10_000, interval: 50 })
  })

  it('is written to D1 after a restart, by the alarm', async () => {
    const raffle = await raffleOnSale(PRICED)
    await held(raffle, someone(), 2)
    await abortAllDurableObjects()
    expect(await ring(raffle)).toBe(true)
    await expectProjected(raffle)
  })
})

describe('when D1 writes and its answer is lost', () => {
  it('the batch is repeated, and D1 has no row twice', async () => {
    const raffle = await raffleOnSale(PRICED)
    const lost = await loseAnswers(raffle, 4)
    const kept = await held(raffle, someone(), 3)
    await confirm(kept)
    await ring(raffle)
    await voidTickets(kept, kept.numbers.slice(0, 1))
    await ring(raffle)
    await release(await held(raffle, someone(), 2))
    await ring(raffle)
    await ring(raffle)
    expect(lost()).toBe(4)
    await expectProjected(raffle)
  })
})

describe('a rebuild', () => {
  /** Sets D1 back to an earlier time: some rows are missing, others are old. */
  async function ageDatabase(raffle: OnSale): Promise<void> {
    const { results } = await env.DB.prepare('SELECT holder, id FROM reservations WHERE pool = ?')
      .bind(raffle.pool)
      .all<{ holder: string; id: string }>()
    const [missing, old] = results
    await env.DB.batch([
      env.DB.prepare('DELETE FROM reservations WHERE holder = ? AND id = ?').bind(
        missing!.holder,
        missing!.id,
      ),
      env.DB.prepare(
        `UPDATE reservations SET state = 'held', seq = 1, issued_at = NULL WHERE holder = ? AND id = ?`,
      ).bind(old!.holder, old!.id),
      env.DB.prepare('DELETE FROM pools WHERE pool = ?').bind(raffle.pool),
    ])
  }

  const rebuild = (raffle: OnSale) => askPool(testContext(), raffle.pool, (pool) => pool.rebuild())

  async function busyRaffle(): Promise<OnSale> {
    const raffle = await raffleOnSale(PRICED)
    for (let sale = 0; sale < 4; sale++) await confirm(await held(raffle, someone(), 2))
    await release(await held(raffle, someone(), 1))
    waitForFreeze(raffle)
    await ring(raffle)
    return raffle
  }

  it('restores rows that are missing or old, also for a raffle that is over', async () => {
    const raffle = await busyRaffle()
    await ageDatabase(raffle)
    await env.DB.prepare('DELETE FROM attempts WHERE pool = ?').bind(raffle.pool).run()
    await rebuild(raffle)
    await expectProjected(raffle)
    const attempts = env.DB.prepare('SELECT attempt FROM attempts WHERE pool = ?').bind(raffle.pool)
    expect((await attempts.all()).results).toEqual([{ attempt: 0 }])
  })

  it('is resumed by the alarm if D1 fails during it', async () => {
    const raffle = await busyRaffle()
    await ageDatabase(raffle)
    const restoreDatabase = await replaceDatabase(raffle, D1_IS_DOWN())
    await rebuild(raffle)
    await restoreDatabase()
    expect(await ring(raffle)).toBe(true)
    await expectProjected(raffle)
  })

  it('writes many reservations in many batches, while sales continue', { timeout: 60_000 }, async () => {
    const raffle = await raffleOnSale({ totalTickets: 5_000 })
    const crowd = await buyers(10)
    for (let round = 0; round < 2; round++) {
      const calls = Array.from({ length: 300 }, (_, index) =>
        buy(raffle, crowd[index % 10]!, { quantity: 1 }),
      )
      await Promise.all(calls)
    }
    await env.DB.prepare('DELETE FROM reservations WHERE pool = ?').bind(raffle.pool).run()
    const [, answers] = await Promise.all([
      rebuild(raffle),
      Promise.all(crowd.map((buyer) => buy(raffle, buyer, { quantity: 2 }))),
    ])
    expect(answers.every(({ status }) => status === 201)).toBe(true)
    await ring(raffle)
    await expectProjected(raffle)
  })
})

describe('a pool’s terms', () => {
  const configure = (raffle: OnSale, version: number, terms: Terms) =>
    askPool(testContext(), raffle.pool, (pool) => pool.configure(raffle.id, version, terms))
  const renamed = ({ rules, ...rest }: RaffleTerms, title: string): RaffleTerms => ({
    ...rest,
    rules: canonicalRules({ ...JSON.parse(rules), title }),
  })

  it('do not change after the caller’s deadline', async () => {
    const raffle = await raffleOnSale()
    const terms = await termsOf(raffle)
    const rename = (until: number) =>
      askPool(testContext(), raffle.pool, (pool) =>
        pool.configure(raffle.id, 2, renamed(terms, 'Late'), until),
      )
    expect(await rename(Date.now() - 1)).toMatchObject({ ok: false, code: 'conflict' })
    expect(await rename(Date.now() + MINUTE_MS)).toEqual({ ok: true, version: 2 })
  })

  it('can change while nothing is held or sold, one version after another', async () => {
    const raffle = await raffleOnSale()
    const terms = await termsOf(raffle)
    const second = renamed(terms, 'Second')
    expect(await configure(raffle, 2, second)).toEqual({ ok: true, version: 2 })
    // Repeating the same terms is idempotent, also after a restart. Other terms under that version are refused.
    await evict(raffle)
    expect(await configure(raffle, 2, second)).toEqual({ ok: true, version: 2 })
    expect(await configure(raffle, 2, renamed(terms, 'Other'))).toMatchObject({ ok: false, code: 'conflict' })
    expect(await configure(raffle, 1, terms)).toMatchObject({ ok: false, code: 'conflict' })
    expect(await configure(raffle, 4, renamed(terms, 'Later'))).toMatchObject({ ok: false, code: 'conflict' })
    expect(await configure(raffle, 3, terms)).toEqual({ ok: true, version: 3 })
    await expectProjected(raffle)
  })

  it.each([
    ['sold', async (raffle: OnSale) => confirm(await held(raffle, someone(), 1))],
    ['held', async (raffle: OnSale) => held(raffle, someone(), 1)],
    ['held and released', async (raffle: OnSale) => release(await held(raffle, someone(), 1))],
  ])('cannot change once something is %s', async (_, reserve) => {
    const raffle = await raffleOnSale(PRICED)
    await reserve(raffle)
    const before = await stateOf(raffle)
    for (let time = 0; time < 2; time++) {
      const other = renamed(before.terms as RaffleTerms, 'Other')
      expect(await configure(raffle, 2, other)).toMatchObject({ ok: false, code: 'invalid_state' })
      await evict(raffle)
    }
    expect(await configure(raffle, 1, before.terms)).toEqual({ ok: true, version: 1 })
    expect(await stateOf(raffle)).toEqual(before)
  })

  it.each([
    ['were closed early', (raffle: OnSale) => askPool(testContext(), raffle.pool, (pool) => pool.close())],
    ['were closed by the clock', async ({ closesAt }: OnSale) => vi.setSystemTime(closesAt)],
  ])('cannot change once sales %s, even if nothing is sold', async (_, close) => {
    const raffle = await raffleOnSale()
    const terms = await termsOf(raffle)
    await close(raffle)
    const before = await stateOf(raffle)
    const rules = { ...JSON.parse(terms.rules), earlyClose: 'no', closesAt: '2031-05-01T13:00:00.000Z' }
    const other = { ...terms, rules: canonicalRules(rules) }
    const refused = { ok: false, code: 'invalid_state', detail: 'Sales are over.' }
    expect(await configure(raffle, 2, other)).toEqual(refused)
    await evict(raffle)
    // An early close holds even if the machine's clock is set back.
    if (before.closedAt !== null) wait(-MINUTE_MS)
    expect(await configure(raffle, 2, other)).toEqual(refused)
    expect(await configure(raffle, 1, terms)).toEqual({ ok: true, version: 1 })
    expect(await stateOf(raffle)).toEqual(before)
  })

  it('change once when two changes race', async () => {
    const raffle = await raffleOnSale()
    const terms = await termsOf(raffle)
    const outcomes = await Promise.all(
      ['One', 'Two'].map((title) => configure(raffle, 2, renamed(terms, title))),
    )
    expect(outcomes).toEqual([
      { ok: true, version: 2 },
      expect.objectContaining({ ok: false, code: 'conflict' }),
    ])
    expect((await stateOf(raffle)).terms).toEqual(renamed(terms, 'One'))
  })

  it('leave no rows if they are invalid, and neither do calls about an unknown raffle', async () => {
    const nowhere = { id: 'raffle_01kjy3cr00e2ys5rh3rp46hk8x', pool: 'eeeeeeeeeee' } as OnSale
    expectLogged('commit failed')
    const outside = { paymentSpanSeconds: 0, providers: [], ...OPEN_TO_ALL }
    const noRules = { kind: 'raffle' as const, rules: 'no rules', ...outside }
    await expect(inside(nowhere, (pool) => pool.configure(nowhere.id, 1, noRules))).rejects.toThrow()
    expect(await hold(nowhere, someone(), 1)).toMatchObject({ ok: false, code: 'not_found' })
    expect(await confirm({ id: reservationId(nowhere.pool, 1, Date.now()) })).toMatchObject({
      code: 'not_found',
    })
    const tables = await inside(nowhere, (_, { storage }) =>
      storage.sql.exec(`SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf%' ESCAPE '\\'`).toArray(),
    )
    expect(tables).toEqual([])
    expect(await inside(nowhere, (_, { storage }) => storage.getAlarm())).toBeNull()
  })
})

describe('a close and a cancellation', () => {
  it('are refused after the caller’s deadline', async () => {
    const raffle = await raffleOnSale()
    const closeAndCancel = (until: number) =>
      askPool(testContext(), raffle.pool, async (pool) => [
        await pool.close(until),
        await pool.cancel('operator', 'rain', until),
      ])
    const late = { ok: false, code: 'conflict' }
    expect(await closeAndCancel(Date.now() - 1)).toMatchObject([late, late])
    expect(await stateOf(raffle)).toMatchObject({ closedAt: null, cancellation: null })
    expect(await closeAndCancel(Date.now())).toMatchObject([{ ok: true }, { ok: true }])
  })
})

describe('a malformed call', () => {
  it('fails alone, and leaves the pool’s memory equal to its store', async () => {
    const raffle = await raffleOnSale({ ...PRICED, maxPerUser: 3 })
    await confirm(await held(raffle, someone(), 2))
    expectLogged('commit failed')
    const bad = () =>
      inside(raffle, (pool) =>
        pool.reserve({
          itemId: raffle.id,
          holder: someone(),
          entrant: ANYONE,
          key: aKey(),
          request: '',
          quantity: 1,
          numbers: null,
          payment: { holdMs: Number.NaN, provider: 'sandbox' },
        }),
      )
    const good = Array.from({ length: 30 }, () => someone())
    const outcomes = await Promise.allSettled([
      ...good.slice(0, 15).map((holder) => hold(raffle, holder, 2)),
      bad(),
      ...good.slice(15).map((holder) => hold(raffle, holder, 2)),
      bad(),
    ])
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(2)
    const reserved = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(reserved.every(({ ok }) => ok)).toBe(true)
    expect(await stateOf(raffle)).toMatchObject({ sold: 2, held: 60 })
    const before = await everything(raffle)
    await evict(raffle)
    expect(await everything(raffle)).toEqual(before)
    await expectSound(raffle)
    await ring(raffle)
    await expectProjected(raffle)
  })

  it('cannot take a number twice, too many numbers, or an invalid number', async () => {
    const raffle = await raffleOnSale({ ...PRICED, numbering: 'chosen', maxPerUser: 3 })
    for (const [quantity, numbers] of [
      [2, [5, 5]],
      [1, [1, 2, 3, 4]],
      [1, [0]],
      [1, [101]],
      [1, [Number.NaN]],
      [0, []],
      [Number.NaN, null],
    ] as const) {
      const outcome = await hold(raffle, someone(), quantity, numbers === null ? null : [...numbers])
      expect(outcome, String(numbers)).toMatchObject({ ok: false, code: 'validation_failed' })
    }
    expect(await stateOf(raffle)).toMatchObject({ sold: 0, held: 0 })
  })

  it('with a wrong reservation id or place finds nothing', async () => {
    const raffle = await raffleOnSale(PRICED)
    const { id } = await held(raffle, someone(), 1)
    const { seq } = reservationAddress(id)
    const other = await held(await raffleOnSale(PRICED), someone(), 1)
    for (const [place, name] of [
      [seq, other.id],
      [seq + 1, id],
      [0, id],
      [Number.NaN, id],
    ] as const) {
      const outcome = await askPool(testContext(), raffle.pool, (pool) => pool.confirm(place, name))
      expect(outcome).toMatchObject({ ok: false, code: 'not_found' })
    }
  })
})

describe('the freeze', () => {
  it('cancels a raffle that sold too few tickets, and later payments are lost', async () => {
    const raffle = await raffleOnSale({ ...PRICED, minTickets: 3 })
    await confirm(await held(raffle, someone(), 2))
    vi.setSystemTime(raffle.closesAt - SECOND_MS)
    const unpaid = await held(raffle, someone(), 5)
    waitForFreeze(raffle)
    await ring(raffle)
    const state = await stateOf(raffle)
    expect(state).toMatchObject({ sold: 2, held: 0, commitment: null, cancellation: { by: 'belowMinimum' } })
    expect(await confirm(unpaid)).toMatchObject({ ok: true, lost: true })
    await ring(raffle)
    expect((await stateOf(raffle)).cancellation).toEqual(state.cancellation)
    await expectProjected(raffle)
  })

  it('commits a raffle that sold just enough tickets', async () => {
    const raffle = await raffleOnSale({ minTickets: 3 })
    await buy(raffle, await aBuyer(), { quantity: 3 })
    waitForFreeze(raffle)
    await ring(raffle)
    expect(await stateOf(raffle)).toMatchObject({ cancellation: null, commitment: { ticketCount: 3 } })
  })

  it('comes by itself after a raffle that closes early is sold out', async () => {
    const raffle = await raffleOnSale({ totalTickets: 2, earlyClose: 'soldOut' })
    await buy(raffle, await aBuyer(), { quantity: 2 })
    wait(5 * SECOND_MS)
    expect(await ring(raffle)).toBe(true)
    expect(await stateOf(raffle)).toMatchObject({ commitment: { closeReason: 'soldOut', ticketCount: 2 } })
  })
})

describe('rows written', () => {
  it('for a single entry: at most 6 in the object and 4 in D1, its alarm included', async () => {
    const raffle = await raffleOnSale()
    const written = await watchWrites(raffle)
    for (let entry = 1; entry <= 10; entry++) {
      await buy(raffle, await aBuyer(), { quantity: 1 })
      wait(10 * SECOND_MS)
      await ring(raffle)
      expect(written.object).toBeLessThanOrEqual(6 * entry)
      expect(written.database).toBeLessThanOrEqual(4 * entry)
    }
  })

  it('for concurrent entries: at most 2.2 each in the object and 2.2 in D1, in few transactions', async () => {
    const raffle = await raffleOnSale({ totalTickets: 1_000 })
    const written = await watchWrites(raffle)
    const crowd = await buyers(32)
    for (let round = 1; round <= 10; round++) {
      const answers = await Promise.all(crowd.map((buyer) => buy(raffle, buyer, { quantity: 1 })))
      expect(answers.every(({ status }) => status === 201)).toBe(true)
    }
    expect(written.object / 320).toBeLessThanOrEqual(2.2)
    expect(written.database / 320).toBeLessThanOrEqual(2.2)
    // A slow machine hands over fewer calls at once.
    expect(written.transactions).toBeLessThanOrEqual(160)
    expect(written.batches).toBeLessThanOrEqual(160)
  })

  it('for a payment: only its change; for a refusal or a repeat: none', async () => {
    const raffle = await raffleOnSale({ ...PRICED, totalTickets: 40 })
    const all = await Promise.all(Array.from({ length: 20 }, (_, index) => held(raffle, `user_${index}`, 2)))
    await ring(raffle)
    const written = await watchWrites(raffle)
    await Promise.all(all.map((each: Reservation) => confirm(each)))
    expect(written.object / 20).toBeLessThanOrEqual(2.2)
    expect(written.database / 20).toBeLessThanOrEqual(2.2)
    await ring(raffle)
    const before = { ...written }
    await Promise.all(all.map((each) => confirm(each)))
    expect(await hold(raffle, someone(), 1)).toMatchObject({ ok: false, code: 'sold_out' })
    expect({ ...written, transactions: 0 }).toEqual({ ...before, transactions: 0 })
  })
})
