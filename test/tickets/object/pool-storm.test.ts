// Many concurrent buyers through the real API: no number is sold twice or lost, limits hold, and D1 agrees.

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Reservation } from '../../../src/tickets/pool-contract.ts'
import type { Answer } from '../../harness/client.ts'
import {
  aBuyer,
  aKey,
  buy,
  buyers,
  confirm,
  expectProjected,
  expectSound,
  found,
  HOLD_MS,
  hold,
  numbersOf,
  type OnSale,
  PRICED,
  raffleOnSale,
  release,
  ring,
  stateOf,
  stopClock,
  ticketTypeOnSale,
  wait,
} from '../raffle-fixture.ts'
import { seededBelow } from '../seeded-random.ts'

beforeAll(stopClock)
afterAll(() => void vi.useRealTimers())

/** Long enough for a busy machine. */
const TIMEOUT_MS = 60_000

const codes = (answers: Answer[]) =>
  answers.map(({ status, body }) => (status === 201 ? 'bought' : body.code))
const tally = (answers: Answer[]) => Object.groupBy(codes(answers), (code) => code)

describe('a hot pool', () => {
  it.each([
    ['a raffle with numbers in order', () => raffleOnSale({ totalTickets: 3, numbering: 'sequential' })],
    ['a raffle with random numbers', () => raffleOnSale({ totalTickets: 3, numbering: 'random' })],
    ['a ticket type', () => ticketTypeOnSale({ capacity: 3 })],
  ])('sells the last ticket of %s to exactly one of many buyers', async (_, stage) => {
    const item = await stage()
    await buy(item, await aBuyer(), { quantity: 2 })
    const crowd = await buyers(80)
    const answers = await Promise.all(crowd.map((buyer) => buy(item, buyer, { quantity: 1 })))
    const { bought, sold_out: late, ...others } = tally(answers)
    expect([bought?.length, late?.length, others]).toEqual([1, 79, {}])
    expect((await expectSound(item)).flatMap(({ numbers }) => numbers).sort()).toEqual([1, 2, 3])
    await expectProjected(item)
  })
})

describe('a hot raffle', () => {
  it('sells a number that all want to exactly one buyer, and names it to the others', async () => {
    const raffle = await raffleOnSale({ numbering: 'chosen' })
    const crowd = await buyers(50)
    const answers = await Promise.all(
      crowd.map((buyer, index) => buy(raffle, buyer, { numbers: [7, 20 + index] })),
    )
    expect(codes(answers).filter((code) => code === 'bought')).toHaveLength(1)
    for (const { body } of answers.filter(({ status }) => status !== 201)) {
      expect(body).toMatchObject({ code: 'number_taken', numbers: [7] })
    }
    // All or nothing: a buyer who did not get the 7 did not take the other number either.
    expect((await stateOf(raffle)).sold).toBe(2)
  })

  it('closes with the last ticket if the rules say so, with every ticket sold once', async () => {
    const raffle = await raffleOnSale({ totalTickets: 40, earlyClose: 'soldOut' })
    const crowd = await buyers(60)
    const answers = await Promise.all(crowd.map((buyer) => buy(raffle, buyer, { quantity: 1 })))
    expect(tally(answers).bought).toHaveLength(40)
    expect(tally(answers).sold_out).toHaveLength(20)
    expect(await stateOf(raffle)).toMatchObject({ sold: 40, closeReason: 'soldOut', closedAt: Date.now() })
    await expectProjected(raffle)
  })

  it('keeps every promise through 2,000 concurrent purchases, with repeated keys and changed bodies', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const below = seededBelow(2_000)
    const raffle = await raffleOnSale({ totalTickets: 3_000, maxPerUser: 20 })
    const crowd = await buyers(200)
    const wishes = Array.from({ length: 1_500 }, () => ({
      buyer: crowd[below(200)]!,
      key: aKey(),
      quantity: 1 + below(6),
    }))
    const repeats = Array.from({ length: 500 }, (_, index) => {
      const wish = wishes[below(1_500)]!
      return index % 5 === 0 ? { ...wish, quantity: wish.quantity + 1 } : wish
    })
    const calls = [...wishes, ...repeats].sort(() => below(2) - 0.5)
    const answers = await Promise.all(
      calls.map(async (wish) => ({
        wish,
        answer: await buy(raffle, wish.buyer, { quantity: wish.quantity }, wish.key),
      })),
    )

    const acknowledged = new Map<string, { quantity: number; numbers: number[] }>()
    for (const { wish, answer } of answers.filter((each) => each.answer.status === 201)) {
      const id = `${wish.buyer.id} ${wish.key}`
      const got = { quantity: wish.quantity, numbers: numbersOf(answer) }
      expect(got.numbers).toHaveLength(wish.quantity)
      // A repeat returns the same numbers; a purchase of another size under the same key is always refused.
      expect(acknowledged.get(id) ?? got).toEqual(got)
      acknowledged.set(id, got)
    }
    for (const { wish, answer } of answers.filter((each) => each.answer.status !== 201)) {
      expect(['limit_reached', 'sold_out', 'idempotency_mismatch']).toContain(answer.body.code)
      const granted = acknowledged.get(`${wish.buyer.id} ${wish.key}`)
      if (answer.body.code === 'idempotency_mismatch') expect(granted?.quantity).not.toBe(wish.quantity)
    }
    expect(tally(answers.map((each) => each.answer)).idempotency_mismatch).not.toHaveLength(0)

    const numbers = [...acknowledged.values()].flatMap((each) => each.numbers)
    expect(new Set(numbers).size).toBe(numbers.length)
    const stored = await expectSound(raffle)
    expect(stored).toHaveLength(acknowledged.size)
    expect(stored.flatMap((each) => each.numbers).sort()).toEqual(numbers.sort())
    for (const { id } of crowd) expect(ownedBy(stored, id)).toBeLessThanOrEqual(20)
    await expectProjected(raffle)
  })

  it('gives each buyer all chosen numbers or none, and no number to two buyers', async () => {
    const below = seededBelow(3)
    const raffle = await raffleOnSale({ numbering: 'chosen', totalTickets: 300 })
    const crowd = await buyers(150)
    const answers = await Promise.all(
      crowd.map(async (buyer) => {
        const numbers = [...new Set(Array.from({ length: 5 }, () => 1 + below(300)))]
        return { numbers, answer: await buy(raffle, buyer, { numbers }) }
      }),
    )
    const sold = new Set((await expectSound(raffle)).flatMap((each) => each.numbers))
    const granted = answers.filter(({ answer }) => answer.status === 201)
    for (const { numbers, answer } of granted) expect(numbersOf(answer)).toEqual(numbers)
    expect(sold.size).toBe(granted.reduce((sum, { numbers }) => sum + numbers.length, 0))
    for (const { numbers, answer } of answers.filter((each) => each.answer.status !== 201)) {
      expect(answer.body.code).toBe('number_taken')
      const taken: number[] = answer.body.numbers
      expect(taken.length).toBeGreaterThan(0)
      expect(taken.every((number) => numbers.includes(number) && sold.has(number))).toBe(true)
    }
    await expectProjected(raffle)
  })
})

describe('a hot pool with a price', () => {
  it.each([
    ['a raffle', () => raffleOnSale({ ...PRICED, totalTickets: 900, maxPerUser: 60 })],
    ['a ticket type', () => ticketTypeOnSale({ price: PRICED.ticketPrice, capacity: 900, maxPerUser: 60 })],
  ])(
    'keeps every promise of %s while holds are confirmed, released and expired concurrently',
    {
      timeout: TIMEOUT_MS,
    },
    async (_, stage) => {
      const below = seededBelow(11)
      const raffle = await stage()
      const crowd = Array.from({ length: 120 }, (_, index) => `user_${index}`)
      const paid = new Set<string>()
      const released = new Set<string>()
      for (let round = 0; round < 4; round++) {
        await Promise.all(crowd.map((holder) => storm(raffle, holder, below, { paid, released })))
        await expectLimits(raffle)
        // After two rounds a round's holds have expired.
        wait(HOLD_MS * 0.6)
      }
      wait(HOLD_MS)
      // Every unpaid hold has expired. Now some late payments arrive, all at once.
      const unpaid = (await expectSound(raffle)).filter(
        (each) => !paid.has(each.id) && !released.has(each.id),
      )
      const late = unpaid.slice(0, 25)
      const outcomes = await Promise.all([...late, ...late].map(confirm))
      outcomes.slice(0, 25).forEach((outcome, index) => {
        // The second payment gets the first one's answer.
        expect(outcomes[25 + index]).toEqual(outcome)
        if (outcome.ok && !outcome.lost) paid.add(outcome.reservation.id)
      })

      const stored = await expectSound(raffle)
      for (const each of stored) expect(each.state, each.id).toBe(paid.has(each.id) ? 'sold' : 'released')
      expect((await stateOf(raffle)).held).toBe(0)
      await expectLimits(raffle)
      // A busy pool projects after it has answered. Its alarm brings what is left.
      await ring(raffle)
      await expectProjected(raffle)
    },
  )
})

/** One holder's round: holds with one key twice at once, then confirms, releases, does both, or does nothing. */
async function storm(
  raffle: OnSale,
  holder: string,
  below: (bound: number) => number,
  { paid, released }: Record<'paid' | 'released', Set<string>>,
): Promise<void> {
  const key = aKey()
  const quantity = 1 + below(12)
  const move = below(6)
  const [outcome, repeated] = await Promise.all([
    hold(raffle, holder, quantity, null, key),
    hold(raffle, holder, quantity, null, key),
  ])
  if (!outcome.ok) {
    expect(['limit_reached', 'sold_out']).toContain(outcome.code)
    return
  }
  expect(repeated).toMatchObject({ ok: true, reservation: { numbers: outcome.reservation.numbers } })
  const second = await hold(raffle, holder, 1)
  expect(second).toMatchObject({ ok: false, code: 'limit_reached' })
  const { reservation } = outcome
  if (move <= 1) {
    await Promise.all([confirm(reservation), confirm(reservation)])
    paid.add(reservation.id)
  } else if (move === 2) {
    await Promise.all([release(reservation), release(reservation)])
    released.add(reservation.id)
  } else if (move === 3) {
    // A payment and a release race. In either order the payment gets its numbers, if they are free.
    await Promise.all([release(reservation), confirm(reservation)])
    const { state } = await found(reservation)
    if (state === 'sold') paid.add(reservation.id)
    else released.add(reservation.id)
  }
}

async function expectLimits(raffle: OnSale): Promise<void> {
  const stored = await expectSound(raffle)
  for (const holder of new Set(stored.map((each) => each.holder))) {
    expect(ownedBy(stored, holder)).toBeLessThanOrEqual(60)
    const unpaid = stored.filter((each) => each.holder === holder && each.state === 'held')
    expect(unpaid.length).toBeLessThanOrEqual(1)
  }
}

function ownedBy(stored: Reservation[], holder: string): number {
  const live = stored.filter(
    (each) => each.holder === holder && (each.state === 'sold' || each.state === 'held'),
  )
  return live.reduce((sum, each) => sum + each.numbers.length, 0)
}
