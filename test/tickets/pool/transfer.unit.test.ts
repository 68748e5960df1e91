// A number of a ticket type moves to another holder: once, in one step, and it stays one number of one order.

import { describe, expect, it } from 'vitest'
import { systemKey } from '../../../src/core/idempotency.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import type { Reservation, ReserveRequest } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import type { TicketTypeTerms } from '../../../src/tickets/terms.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { SALES_FROM, TestPool, termsOf, ticketTypeTerms } from './sqlite-storage.ts'

const REFUSED = { ok: false, code: 'invalid_state' }

const ticketType = (changes: Partial<TicketTypeTerms> = {}) =>
  new TestPool(ticketTypeTerms({ unitAmount: 0, providers: [], ...changes }), seededRandomness(1))

function reserve(test: TestPool, holder: string, quantity: number, more: Partial<ReserveRequest> = {}) {
  const request = { holder, quantity, key: 'once', request: '', numbers: null, payment: null, ...more }
  return test.decide(SALES_FROM, (pool) =>
    pool.reserve({ itemId: pool.itemId, entrant: ANYONE, ...request }, SALES_FROM),
  )
}

function sold(test: TestPool, holder: string, quantity: number, more: Partial<ReserveRequest> = {}) {
  const outcome = reserve(test, holder, quantity, more)
  if (!outcome.ok) throw new Error(outcome.detail)
  return outcome.reservation
}

const transfer = (test: TestPool, { id }: Reservation, number: number, holder: string, key = 'gift') =>
  test.decide(SALES_FROM, (pool) =>
    pool.transfer(reservationAddress(id).seq, id, number, { holder, key }, SALES_FROM),
  )

function moved(test: TestPool, from: Reservation, number: number, holder: string, key = 'gift') {
  const outcome = transfer(test, from, number, holder, key)
  if (!outcome.ok) throw new Error(outcome.detail)
  return outcome.reservation
}

const voidNumbers = (test: TestPool, { id }: Reservation, numbers: number[] | null) =>
  test.decide(SALES_FROM, (pool) => pool.void(reservationAddress(id).seq, id, numbers, SALES_FROM))

const read = (test: TestPool, { id }: Reservation) =>
  test.reload().find(reservationAddress(id).seq, id)!.reservation

describe('a transfer', () => {
  it('takes one number out of a reservation and makes a new one of it', () => {
    const test = ticketType()
    const mine = sold(test, 'amina', 3)
    const theirs = moved(test, mine, 2, 'brian')
    expect(theirs).toMatchObject({ holder: 'brian', state: 'sold', numbers: [2], moved: [], heldUntil: null })
    expect(read(test, mine)).toMatchObject({ state: 'sold', numbers: [1, 3], moved: [2] })
    expect(poolState(test.reload())).toMatchObject({ sold: 3, held: 0 })
    // The number was not free for a moment.
    expect(sold(test, 'chebet', 1).numbers).toEqual([4])
  })

  it('shows a reservation as transferred once others have all of it', () => {
    const test = ticketType()
    const mine = sold(test, 'amina', 2)
    const first = moved(test, mine, 1, 'brian', 'a')
    moved(test, mine, 2, 'chebet', 'b')
    expect(read(test, mine)).toMatchObject({ state: 'transferred', moved: [1, 2] })
    voidNumbers(test, first, null)
    expect(read(test, mine)).toMatchObject({ state: 'transferred', moved: [2] })
    voidNumbers(test, mine, null)
    expect(read(test, mine)).toMatchObject({ state: 'voided', moved: [] })
  })

  it('is made once for each key, and is refused for another number under the same key', () => {
    const test = ticketType()
    const mine = sold(test, 'amina', 2)
    const theirs = moved(test, mine, 1, 'brian')
    expect(moved(test, mine, 1, 'brian')).toEqual(theirs)
    expect(transfer(test, mine, 2, 'brian')).toMatchObject({ ok: false, code: 'idempotency_mismatch' })
    expect(transfer(test, mine, 1, 'chebet')).toMatchObject(REFUSED)
    expect(poolState(test.pool)).toMatchObject({ sold: 2 })
  })

  it('happens once to a number, never to its own holder, and only while it is valid', () => {
    const test = ticketType()
    const mine = sold(test, 'amina', 2)
    expect(transfer(test, mine, 1, 'amina')).toMatchObject(REFUSED)
    expect(transfer(test, mine, 3, 'brian')).toMatchObject(REFUSED)
    expect(transfer(test, { ...mine, id: sold(test, 'diana', 1).id }, 1, 'brian')).toMatchObject(REFUSED)
    const theirs = moved(test, mine, 1, 'brian')
    expect(transfer(test, theirs, 1, 'chebet')).toMatchObject(REFUSED)
    expect(transfer(test, theirs, 1, 'amina')).toMatchObject(REFUSED)
    voidNumbers(test, mine, [2])
    expect(transfer(test, mine, 2, 'brian', 'late')).toMatchObject(REFUSED)
    const other = sold(test, 'esther', 1)
    test.decide(SALES_FROM, (pool) =>
      pool.cancel({ at: SALES_FROM, by: 'operator', reason: 'Rain.', signature: null }),
    )
    expect(transfer(test, other, other.numbers[0]!, 'brian', 'cancelled')).toMatchObject(REFUSED)
  })

  it('never moves a held number', () => {
    const test = ticketType({ unitAmount: 500, providers: ['sandbox'] })
    const held = sold(test, 'amina', 1, { payment: { holdMs: 60_000, provider: 'sandbox' } })
    expect(transfer(test, held, 1, 'brian')).toMatchObject(REFUSED)
  })

  it('never moves a ticket of a raffle', () => {
    const test = new TestPool(termsOf(), seededRandomness(1))
    const mine = sold(test, 'amina', 1)
    expect(transfer(test, mine, mine.numbers[0]!, 'brian')).toMatchObject(REFUSED)
  })

  it('is undone by whoever takes the number back from the first holder', () => {
    const test = ticketType({ total: 2 })
    const mine = sold(test, 'amina', 2)
    const theirs = moved(test, mine, 1, 'brian')
    expect(voidNumbers(test, mine, [1])).toMatchObject({ ok: true, reservation: { numbers: [2], moved: [] } })
    expect(read(test, theirs)).toMatchObject({ state: 'voided' })
    // A repeat changes nothing, even if the number was sold again.
    expect(sold(test, 'chebet', 1).numbers).toEqual([1])
    voidNumbers(test, mine, [1])
    expect(poolState(test.reload())).toMatchObject({ sold: 2 })
  })

  it('counts for the first holder and not for the second', () => {
    const test = ticketType({ maxPerUser: 2 })
    const mine = sold(test, 'amina', 2)
    moved(test, mine, 1, 'brian')
    for (let round = 0; round < 2; round++) {
      expect(reserve(test, 'amina', 1, { key: 'more' })).toMatchObject({ code: 'limit_reached' })
      test.pool = test.reload()
    }
    expect(sold(test, 'brian', 2, { key: 'own' }).numbers).toEqual([3, 4])
    voidNumbers(test, mine, [1])
    expect(sold(test, 'amina', 1, { key: 'more' }).numbers).toEqual([1])
  })
})

describe('tickets that are set aside', () => {
  const PRICED = { unitAmount: 500, providers: ['sandbox'], maxPerUser: 2 }
  const setAside = { entry: 'setAside' } as const

  it('cost nothing, know no limit, and need no open sale', () => {
    const test = ticketType({ ...PRICED, opensAt: SALES_FROM + 1 })
    expect(sold(test, 'raffle', 5, setAside)).toMatchObject({ state: 'sold', numbers: [1, 2, 3, 4, 5] })
    expect(reserve(new TestPool(termsOf(), seededRandomness(1)), 'raffle', 1, setAside)).toMatchObject(
      REFUSED,
    )
  })

  it('go to a winner, who may give them to one more person', () => {
    const test = ticketType(PRICED)
    const kept = sold(test, 'raffle', 2, setAside)
    const won = moved(test, kept, 1, 'amina')
    const given = moved(test, won, 1, 'brian')
    expect(transfer(test, given, 1, 'chebet')).toMatchObject(REFUSED)
    expect(read(test, kept)).toMatchObject({ state: 'sold', numbers: [2], moved: [1] })
    voidNumbers(test, kept, null)
    for (const each of [kept, won, given]) expect(read(test, each)).toMatchObject({ state: 'voided' })
    expect(poolState(test.reload())).toMatchObject({ sold: 0 })
  })
})

describe('a key of the system', () => {
  it('finds what the same request made before such keys began with a space, and nothing of a client', () => {
    const test = ticketType({ maxPerUser: null })
    const mine = sold(test, 'amina', 2, { key: 'order:7', request: 'two' })
    const again = { key: systemKey('order:7'), request: 'two' }
    expect(reserve(test, 'amina', 2, again)).toMatchObject({ repeated: true, reservation: { id: mine.id } })
    const other = reserve(test, 'amina', 1, { ...again, request: 'one' })
    expect(other).toMatchObject({ repeated: false, reservation: { numbers: [3] } })
    expect(reserve(test, 'amina', 1, { ...again, request: 'one' })).toMatchObject({ repeated: true })
    const theirs = moved(test, mine, 1, 'brian', 'prize:1')
    expect(moved(test, mine, 1, 'brian', systemKey('prize:1'))).toEqual(theirs)
    sold(test, 'brian', 1, { key: 'prize:2' })
    const prize = moved(test, mine, 2, 'brian', systemKey('prize:2'))
    expect(prize.numbers).toEqual([2])
    expect(moved(test, mine, 2, 'brian', systemKey('prize:2'))).toEqual(prize)
    expect(poolState(test.reload())).toMatchObject({ sold: 4 })
  })
})
