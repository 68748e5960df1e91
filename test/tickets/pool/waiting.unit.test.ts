// The waiting list of a ticket type: what is freed is offered to the next at once, and nobody else can take it.

import { describe, expect, it } from 'vitest'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import type { Reservation } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import type { TicketTypeTerms } from '../../../src/tickets/terms.ts'
import type { Waiting } from '../../../src/tickets/waiting-contract.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { SALES_FROM, SALES_UNTIL, TestPool, termsOf, ticketTypeTerms } from './sqlite-storage.ts'

const HOLD_MS = 60_000
const OFFER_MS = 86_400_000
const PROVED = { ...ANYONE, isProved: true }
const SALE = { closesAt: SALES_FROM + 2_000 * OFFER_MS }

let keys = 0

/** A pool with a clock of its own. */
class Sale {
  readonly test: TestPool
  now = SALES_FROM

  constructor(changes: Partial<TicketTypeTerms> = {}) {
    this.test = new TestPool(ticketTypeTerms({ total: 2, ...SALE, ...changes }), seededRandomness(1))
  }

  reserve(holder: string, quantity = 1, payment: { holdMs: number; provider: string } | null = HOLD) {
    const request = { holder, quantity, key: `k${keys++}`, request: '', numbers: null, payment }
    return this.test.decide(this.now, (pool) =>
      pool.reserve({ itemId: pool.itemId, entrant: PROVED, ...request }, this.now),
    )
  }

  buy(holder: string, quantity = 1): Reservation {
    const held = this.reserve(holder, quantity)
    if (!held.ok) throw new Error(held.detail)
    const { id } = held.reservation
    const paid = this.test.decide(this.now, (pool) => pool.confirm(reservationAddress(id).seq, id, this.now))
    if (!paid.ok || paid.lost) throw new Error('not sold')
    return paid.reservation
  }

  join(holder: string, quantity = 1, entrant = PROVED) {
    return this.test.decide(this.now, (pool) =>
      pool.offers.join({ itemId: pool.itemId, holder, entrant, quantity }, this.now),
    )
  }

  waits(...holders: string[]): void {
    for (const holder of holders) expect(this.join(holder)).toMatchObject({ ok: true })
  }

  leave(holder: string): void {
    this.test.decide(this.now, (pool) => pool.offers.leave(holder, this.now))
  }

  void({ id }: Reservation, numbers: number[] | null = null): void {
    this.test.decide(this.now, (pool) => pool.void(reservationAddress(id).seq, id, numbers, this.now))
  }

  /** The alarm rings. */
  tick(ms: number): void {
    this.now += ms
    this.test.decide(this.now, () => undefined)
  }

  place(holder: string): Waiting | null {
    return this.test.pool.offers.find(holder, this.now)
  }

  get counts() {
    const { sold, held, waiting } = poolState(this.test.reload())
    return { sold, held, waiting }
  }
}
const HOLD = { holdMs: HOLD_MS, provider: 'sandbox' }

describe('a waiting list', () => {
  it('is joined once everything is taken, by people with a proved address, for no more than they may have', () => {
    const sale = new Sale({ maxPerUser: 2 })
    expect(sale.join('amina')).toMatchObject({ code: 'invalid_state' })
    sale.reserve('brian', 2)
    expect(sale.join('amina', 1, { ...ANYONE, isProved: false })).toMatchObject({ code: 'forbidden' })
    expect(sale.join('amina', 3)).toMatchObject({ code: 'limit_reached' })
    expect(sale.join('brian', 1)).toMatchObject({ code: 'limit_reached' })
    expect(sale.join('amina', 2)).toMatchObject({ waiting: { state: 'waiting', position: 1, quantity: 2 } })
    sale.waits('chebet')
    expect(sale.place('chebet')).toMatchObject({ position: 2 })
    // Joining again keeps the place.
    expect(sale.join('amina', 1)).toMatchObject({ waiting: { position: 1, quantity: 1 } })
    expect(sale.counts).toEqual({ sold: 0, held: 2, waiting: 2 })
    expect(poolState(sale.test.reload()).seq).toBe(sale.test.pool.seq)
  })

  it('exists for ticket types alone, and while the sale is open', () => {
    const raffle = new TestPool(termsOf({ totalTickets: 1 }), seededRandomness(1))
    const request = { itemId: raffle.pool.itemId, holder: 'amina', entrant: PROVED, quantity: 1 }
    expect(raffle.pool.offers.join(request, SALES_FROM)).toMatchObject({ code: 'invalid_state' })
    const sale = new Sale({ closesAt: SALES_UNTIL })
    sale.buy('brian', 2)
    sale.waits('amina')
    sale.tick(SALES_UNTIL - sale.now)
    expect(sale.place('amina')).toBeNull()
    expect(sale.join('chebet')).toMatchObject({ code: 'sales_closed' })
    expect(sale.test.reload().nextDue(sale.now)).toBeNull()
  })

  it('offers what is freed to the next in order, and to nobody else', () => {
    const sale = new Sale()
    const sold = sale.buy('brian', 2)
    sale.waits('amina', 'chebet', 'diana')
    sale.void(sold, [1])
    expect(sale.place('amina')).toEqual({
      state: 'offered',
      position: 0,
      quantity: 1,
      offeredUntil: sale.now + OFFER_MS,
    })
    expect(sale.place('chebet')).toMatchObject({ state: 'waiting', position: 1 })
    for (const holder of ['brian', 'chebet', 'esther'])
      expect(sale.reserve(holder)).toMatchObject({ code: 'sold_out' })
    expect(sale.buy('amina').numbers).toEqual([1])
    expect(sale.place('amina')).toBeNull()
    expect(sale.counts).toEqual({ sold: 2, held: 0, waiting: 2 })
  })

  it('passes a lapsed or declined offer on, which counts for no limit of unpaid tickets', () => {
    const sale = new Sale({ total: 1 })
    const sold = sale.buy('brian')
    sale.waits('amina', 'chebet', 'diana')
    sale.void(sold)
    expect(sale.test.reload().nextDue(sale.now)).toBe(sale.now + OFFER_MS)
    sale.tick(OFFER_MS)
    expect([sale.place('amina'), sale.place('chebet')?.state]).toEqual([null, 'offered'])
    expect(sale.test.reload().offers.find('chebet', sale.now)?.state).toBe('offered')
    sale.leave('chebet')
    sale.leave('chebet')
    expect([sale.place('chebet'), sale.place('diana')?.state]).toEqual([null, 'offered'])
    sale.waits('amina')
    expect(sale.place('amina')).toMatchObject({ position: 1 })
    sale.leave('amina')
    sale.buy('diana')
    expect(sale.counts).toEqual({ sold: 1, held: 0, waiting: 0 })
  })

  it('makes those wait who let three offers go, until somebody buys', () => {
    const sale = new Sale({ total: 1 })
    const sold = sale.buy('brian')
    sale.waits('amina', 'chebet')
    sale.void(sold)
    // Two people join again in turn, and each keeps the ticket for a day.
    for (let round = 0; round < 3; round++) {
      for (const [one, other] of [
        ['amina', 'chebet'],
        ['chebet', 'amina'],
      ] as const) {
        expect(sale.place(one)).toMatchObject({ state: 'offered' })
        if (one === 'amina' && round === 1) sale.leave(one)
        else sale.tick(OFFER_MS)
        if (round === 2 && one === 'amina') expect(sale.join(one)).toMatchObject({ code: 'limit_reached' })
        else if (round < 2) expect(sale.join(one)).toMatchObject({ ok: true })
        if (round < 2) expect(sale.place(other)?.state).toBe('offered')
      }
    }
    // Nobody waits any more, so anybody can buy.
    expect(sale.join('chebet')).toMatchObject({ code: 'invalid_state' })
    sale.test.pool = sale.test.reload()
    const held = sale.reserve('amina')
    if (!held.ok) throw new Error(held.detail)
    expect(sale.join('chebet')).toMatchObject({ code: 'limit_reached' })
    const { id } = held.reservation
    sale.test.decide(sale.now, (pool) => pool.confirm(reservationAddress(id).seq, id, sale.now))
    expect(sale.join('chebet')).toMatchObject({ ok: true, waiting: { state: 'waiting' } })
    sale.test.pool = sale.test.reload()
    expect(sale.join('chebet', 1)).toMatchObject({ ok: true })
  })

  it('counts an offer that is ordered and not paid, so that nobody keeps a ticket by that', () => {
    const sale = new Sale({ total: 1 })
    const sold = sale.buy('brian')
    sale.waits('amina')
    sale.void(sold)
    for (let round = 1; round <= 3; round++) {
      sale.tick(OFFER_MS - 1)
      expect(sale.place('amina')).toMatchObject({ state: 'offered' })
      expect(sale.reserve('amina')).toMatchObject({ ok: true })
      // The order is unpaid, and the person waits again for the same ticket.
      expect(sale.join('amina')).toMatchObject(round < 3 ? { ok: true } : { code: 'limit_reached' })
      sale.tick(HOLD_MS)
      expect(sale.place('amina')?.state).toBe(round < 3 ? 'offered' : undefined)
    }
    expect(sale.counts).toEqual({ sold: 0, held: 0, waiting: 0 })
    sale.test.pool = sale.test.reload()
    sale.buy('chebet')
    expect(sale.join('amina')).toMatchObject({ ok: true, waiting: { position: 1 } })
  })

  it('makes an offer again whose order was refused: it keeps its end, counts as no miss and is for nobody else', () => {
    const sale = new Sale({ total: 1 })
    const sold = sale.buy('brian')
    sale.waits('amina', 'chebet')
    sale.void(sold)
    const offeredUntil = sale.now + OFFER_MS
    const refused = (round: number) => {
      sale.tick(HOLD_MS)
      const held = sale.reserve('amina')
      if (!held.ok) throw new Error(`${round}: ${held.detail}`)
      const { id } = held.reservation
      for (const _ of ['release', 'repeat'])
        sale.test.decide(sale.now, (pool) => pool.release(reservationAddress(id).seq, id, false, sale.now))
      expect(sale.place('amina')).toEqual({ state: 'offered', position: 0, quantity: 1, offeredUntil })
      expect(sale.place('chebet')).toMatchObject({ state: 'waiting', position: 1 })
    }
    for (let round = 0; round < 4; round++) refused(round)
    expect(sale.counts).toEqual({ sold: 0, held: 1, waiting: 1 })
    sale.test.pool = sale.test.reload()
    refused(4)
    sale.tick(offeredUntil - sale.now)
    expect(sale.place('chebet')).toMatchObject({ state: 'offered' })
    // Of five refused orders and one lapse, only the lapse counts.
    sale.waits('amina')
    sale.leave('amina')
    expect(sale.test.reload().offers.find('amina', sale.now)).toBeNull()
    sale.test.pool = sale.test.reload()
    sale.waits('amina')
  })

  it('does not count an offer that is bought', () => {
    const sale = new Sale({ total: 1 })
    let sold = sale.buy('brian')
    for (let round = 0; round < 4; round++) {
      sale.waits('amina')
      sale.void(sold)
      sold = sale.buy('amina')
    }
    sale.test.pool = sale.test.reload()
    expect(sale.join('amina')).toMatchObject({ ok: true })
  })

  it('ends an offer with a sale that is ended or moved, and its holder waits again', () => {
    const sale = new Sale({ total: 1 })
    const sold = sale.buy('brian')
    sale.waits('amina')
    sale.void(sold)
    const soon = sale.now + HOLD_MS
    sale.test.configure(2, ticketTypeTerms({ total: 1, closesAt: soon }), sale.now)
    sale.tick(0)
    expect(sale.place('amina')).toMatchObject({ state: 'offered', offeredUntil: soon })
    expect(sale.test.reload().nextDue(sale.now)).toBe(soon)
    sale.tick(HOLD_MS)
    expect(sale.counts).toEqual({ sold: 0, held: 0, waiting: 1 })
    const opensAt = soon + HOLD_MS
    sale.test.configure(3, ticketTypeTerms({ total: 1, ...SALE, opensAt }), sale.now)
    expect(sale.test.reload().nextDue(sale.now)).toBe(opensAt)
    sale.tick(HOLD_MS)
    expect(sale.place('amina')).toMatchObject({ state: 'offered', offeredUntil: opensAt + OFFER_MS })
    // The ended offer did not count: after two lapses the person can still wait.
    for (let round = 0; round < 2; round++) {
      sale.tick(OFFER_MS)
      sale.reserve(`other${round}`)
      sale.waits('amina')
      sale.tick(HOLD_MS)
      expect(sale.place('amina')).toMatchObject({ state: 'offered' })
    }
  })

  it('offers fewer than somebody wants if fewer are free, and what an offer leaves goes on', () => {
    const sale = new Sale({ total: 3 })
    const sold = sale.buy('brian', 3)
    expect(sale.join('amina', 2)).toMatchObject({ ok: true })
    expect(sale.join('chebet', 3)).toMatchObject({ ok: true })
    sale.void(sold)
    expect(sale.place('amina')).toMatchObject({ state: 'offered', quantity: 2 })
    expect(sale.place('chebet')).toMatchObject({ state: 'offered', quantity: 1 })
    sale.waits('diana')
    expect(sale.reserve('amina', 3)).toMatchObject({ code: 'limit_reached' })
    sale.buy('amina', 1)
    expect(sale.place('diana')).toMatchObject({ state: 'offered', quantity: 1 })
    expect(sale.counts).toEqual({ sold: 1, held: 2, waiting: 0 })
  })

  it('lets an offer be bought whole, whatever the limits for unpaid tickets say', () => {
    const sale = new Sale({ total: 20, maxPerUser: 20 })
    const sold = sale.buy('brian', 3)
    for (let left = 17; left > 0; left--) sale.buy(`buyer${left}`)
    expect(sale.join('amina', 3)).toMatchObject({ ok: true })
    sale.void(sold)
    expect(sale.reserve('amina', 3)).toMatchObject({ ok: true, reservation: { numbers: [1, 2, 3] } })
    // An unpaid purchase passes on too.
    sale.waits('chebet')
    sale.tick(HOLD_MS)
    expect(sale.place('chebet')).toMatchObject({ state: 'offered' })
  })

  it('offers a raised capacity to those who wait first, and reopens the sale for the rest', () => {
    const sale = new Sale({ total: 1 })
    sale.buy('brian')
    sale.waits('amina', 'chebet')
    sale.test.configure(2, ticketTypeTerms({ ...SALE, total: 4 }), sale.now)
    // The object decides offers at the end of the same transaction.
    sale.tick(0)
    expect([sale.place('amina')?.state, sale.place('chebet')?.state]).toEqual(['offered', 'offered'])
    sale.buy('esther')
    expect(sale.counts).toEqual({ sold: 2, held: 2, waiting: 0 })
  })

  it('takes what a late payment could have had', () => {
    const sale = new Sale({ total: 1 })
    const held = sale.reserve('brian')
    if (!held.ok) throw new Error(held.detail)
    const { id } = held.reservation
    sale.waits('amina')
    sale.tick(HOLD_MS)
    const late = sale.test.decide(sale.now, (pool) => pool.confirm(reservationAddress(id).seq, id, sale.now))
    expect(late).toMatchObject({ ok: true, lost: true })
    expect(sale.place('amina')).toMatchObject({ state: 'offered' })
  })

  it('ends offers with the sale, and with a cancelled event', () => {
    const sale = new Sale({ closesAt: SALES_UNTIL })
    const sold = sale.buy('brian', 2)
    sale.waits('amina', 'chebet')
    sale.void(sold, [1])
    expect(sale.place('amina')).toMatchObject({ offeredUntil: SALES_UNTIL })
    sale.test.decide(sale.now, (pool) =>
      pool.cancel({ at: sale.now, by: 'operator', reason: 'Rain.', signature: null }),
    )
    expect(sale.counts).toMatchObject({ held: 0 })
    expect([sale.place('amina'), sale.place('chebet')]).toEqual([null, null])
  })

  it('sets nothing aside for a prize while people wait', () => {
    const sale = new Sale({ total: 1 })
    sale.buy('brian')
    sale.waits('amina')
    const request = { holder: 'raffle', quantity: 1, key: 'prize', request: '', numbers: null, payment: null }
    const kept = sale.test.decide(sale.now, (pool) =>
      pool.reserve({ itemId: pool.itemId, entrant: PROVED, entry: 'setAside', ...request }, sale.now),
    )
    expect(kept).toMatchObject({ code: 'sold_out' })
  })
})

describe('a storm of buyers, people who wait, refunds and lapses', () => {
  const CAPACITY = 50
  const WAITERS = 20
  const STEPS = 1_500

  for (const seed of [1, 2, 3, 4]) {
    it(`never gives out more than there is, keeps the order, and lets nobody starve (seed ${seed})`, () => {
      const random = seededRandomness(seed)
      const sale = new Sale({ total: CAPACITY, maxPerUser: 4 })
      const sold: Reservation[] = []
      for (let buyer = 0; buyer < CAPACITY; buyer++) sold.push(sale.buy(`buyer${buyer}`))
      /** Who waits, in the order of joining; and who is offered tickets. */
      let queue: string[] = []
      const offered = new Set<string>()
      let served = 0

      const check = () => {
        const { pool } = sale.test
        const free = pool.sale.total - pool.sold - pool.held
        expect(free).toBeGreaterThanOrEqual(0)
        const states = new Map(queue.map((name) => [name, sale.place(name)?.state]))
        const gone = queue.filter((name) => states.get(name) === 'offered')
        // In order: whoever is offered tickets was before all who still wait.
        expect(queue.slice(0, gone.length)).toEqual(gone)
        queue = queue.slice(gone.length)
        for (const name of gone) offered.add(name)
        for (const name of [...offered]) if (sale.place(name) === null) offered.delete(name)
        served += gone.length
        expect(pool.waiting).toBe(queue.length)
        for (const [at, each] of queue.entries()) expect(sale.place(each)).toMatchObject({ position: at + 1 })
        // Exactly as many offers as there are free tickets: nothing is free while somebody waits.
        if (queue.length > 0) expect(free).toBe(0)
      }

      for (let step = 0; step < STEPS; step++) {
        const name = `waiter${random.below(WAITERS)}`
        switch (random.below(10)) {
          case 0:
          case 1: {
            const quantity = 1 + random.below(4)
            const { ok } = sale.join(name, quantity)
            if (ok && !queue.includes(name)) queue.push(name)
            break
          }
          case 2: {
            const at = random.below(sold.length || 1)
            const [gone] = sold.splice(at, 1)
            if (gone !== undefined) sale.void(gone)
            break
          }
          case 3: {
            const place = sale.place(name)
            if (place?.state !== 'offered') break
            sold.push(sale.buy(name, 1 + random.below(place.quantity)))
            break
          }
          case 4: {
            const outcome = sale.reserve(`stranger${step}`, 1 + random.below(3))
            if (queue.length > 0) expect(outcome.ok).toBe(false)
            break
          }
          case 5:
          case 6:
          case 7: {
            const free = CAPACITY - sale.test.pool.sold - sale.test.pool.held
            if (free > 0) sold.push(sale.buy(`buyer${step}`, Math.min(free, 3)))
            break
          }
          case 8:
            if (random.below(4) === 0) {
              sale.leave(name)
              queue = queue.filter((each) => each !== name)
            }
            break
          default:
            sale.tick(random.below(3) === 0 ? OFFER_MS : HOLD_MS)
        }
        check()
        if (step % 300 === 0) {
          const { seq, sold: count, held, waiting } = sale.test.pool
          sale.test.pool = sale.test.reload()
          expect(sale.test.pool).toMatchObject({ seq, sold: count, held, waiting })
        }
      }
      expect(served).toBeGreaterThan(20)
      // Nobody starves: each lapse brings the next one's turn.
      for (let days = 0; queue.length > 0; days++) {
        expect(days).toBeLessThanOrEqual(WAITERS)
        if (sold.length > 0) sale.void(sold.pop()!)
        check()
        sale.tick(OFFER_MS)
        check()
      }
    })
  }
})
