// The pool against a naive model of its rules, and its bulk reads.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../../src/rdp1/encoding.ts'
import { LOG_CSV_HEADER, logRoot, parseLogCsv } from '../../../src/rdp1/log.ts'
import { nextBatch } from '../../../src/tickets/object/projection.ts'
import { logSlice } from '../../../src/tickets/pool/files.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import { GRACE_MS } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import { saleTermsOf, type Terms } from '../../../src/tickets/terms.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { type Action, action, raffles, ticketTypes } from './pool-actions.ts'
import { checkNow, checkStored } from './pool-checks.ts'
import { Play } from './pool-play.ts'
import { onLottery, SALES_FROM, SALES_UNTIL, TestPool, termsOf, ticketTypeTerms } from './sqlite-storage.ts'

const SPAN_SECONDS = 900

/** Long enough for a busy machine. */
const TIMEOUT_MS = 60_000

function playAll(terms: Terms, seed: number, actions: Action[]): void {
  // Of priced tickets nobody may hold many, so most requests are for a few.
  const isFree = saleTermsOf(terms).unitAmount === 0
  const play = new Play(terms, seed, isFree ? 55 : 12)
  for (const step of actions) {
    play.act(step)
    if (step.do !== 'wait') checkNow(play)
  }
  play.settle()
  checkStored(play)
}

describe('a pool', () => {
  it('keeps its rules through any sequence of reservations, payments, releases, voids, expiries and restarts', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        raffles,
        fc.nat(),
        fc.array(action, { minLength: 20, maxLength: 90 }),
        ({ amount, ...changes }, seed, actions) => {
          const rules = { ...changes, ticketPrice: { amount, currency: 'KES' } }
          playAll(termsOf(rules, amount > 0 ? SPAN_SECONDS : 0), seed, actions)
        },
      ),
      { numRuns: 80 },
    )
  })

  it('keeps them for a raffle that a lottery decides too, with numbers from 0', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        raffles,
        fc.constantFrom(1, 2),
        fc.nat(),
        fc.array(action, { minLength: 20, maxLength: 90 }),
        ({ amount, ...changes }, digits, seed, actions) => {
          const rules = { ...changes, ...onLottery(digits), ticketPrice: { amount, currency: 'KES' } }
          playAll(termsOf(rules, amount > 0 ? SPAN_SECONDS : 0), seed, actions)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('keeps them for a ticket type too, while its total and the end of its sales change', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        ticketTypes,
        fc.nat(),
        fc.array(action, { minLength: 20, maxLength: 90 }),
        (changes, seed, actions) => playAll(ticketTypeTerms(changes), seed, actions),
      ),
      { numRuns: 80 },
    )
  })

  it.each([
    ['sales end as scheduled', SALES_UNTIL - 1, SALES_UNTIL + SPAN_SECONDS * 1_000],
    ['an operator closes them in the same millisecond', SALES_FROM, SALES_FROM + SPAN_SECONDS * 1_000],
  ])('ends the time to pay before the freeze, if %s', (_when, now, freezeAt) => {
    const rules = { ticketPrice: { amount: 500, currency: 'KES' }, earlyClose: 'operator' } as const
    const test = new TestPool(termsOf(rules, SPAN_SECONDS), seededRandomness(1))
    const outcome = test.decide(now, (pool) =>
      pool.reserve(
        {
          itemId: pool.itemId,
          holder: 'user_1',
          entrant: ANYONE,
          key: 'once',
          request: '',
          quantity: 1,
          numbers: null,
          payment: { holdMs: 86_400_000, provider: 'sandbox' },
        },
        now,
      ),
    )
    if (!outcome.ok) throw new Error(outcome.detail)
    if (now === SALES_FROM) test.decide(now, (pool) => pool.close(now))
    expect(poolState(test.pool).freezeAt).toBe(freezeAt)
    expect(outcome.reservation.heldUntil).toBe(now + SPAN_SECONDS * 1_000 + GRACE_MS)
    expect(outcome.reservation.heldUntil! - GRACE_MS).toBeLessThanOrEqual(freezeAt)
  })

  it('proves every ticket of a log that spans several chunks, also after a restart', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom('sequential' as const, 'random' as const),
        fc.array(action, { minLength: 25, maxLength: 40 }),
        (seed, numbering, actions) => {
          const play = new Play(termsOf({ totalTickets: 8_000, numbering }), seed, 1_000)
          play.now = SALES_FROM
          for (const step of actions) play.act(step)
          checkNow(play)
          play.settle()
          checkStored(play)
        },
      ),
      { numRuns: 2 },
    )
  })

  it('projects many large changes in statements that D1 accepts', () => {
    const now = SALES_FROM
    const { test, ids } = soldByThousands(80, now)
    const before = test.pool.seq
    for (const id of ids) {
      const first = test.pool.find(reservationAddress(id).seq, id)!.issued.slice(0, 1)
      test.decide(now, (pool) => pool.void(reservationAddress(id).seq, id, first, now))
    }
    // D1 refuses a value of two megabytes, and the projection would retry it for ever.
    for (let watermark = before; watermark < test.pool.seq; ) {
      const batch = nextBatch(test.pool, test.store, watermark)
      expect(JSON.stringify(batch.reservations).length).toBeLessThan(300_000)
      watermark = batch.upTo
    }
  })

  it('returns its log in slices of whole events, none longer than the longest possible event', () => {
    const now = SALES_FROM
    const { test, ids } = soldByThousands(3, now)
    for (const id of ids.slice(1)) {
      const { seq } = reservationAddress(id)
      const some = test.pool.find(seq, id)!.issued.slice(0, 400)
      test.decide(now, (pool) => pool.void(seq, id, some, now))
    }
    const slices: string[] = []
    for (let next: number | null = 0; next !== null; ) {
      const slice = logSlice(test.store, next)
      slices.push(new TextDecoder().decode(slice.rows))
      next = slice.next
    }
    expect(slices.map((rows) => rows.split('\n').length - 1)).toEqual([1_000, 1_000, 1_000, 800])
    const log = parseLogCsv(LOG_CSV_HEADER + slices.join(''))
    expect(toHex(logRoot(log))).toBe(toHex(test.pool.raffle!.log.root))
  })
})

/** A free raffle with `count` sold reservations of a thousand tickets each. */
function soldByThousands(count: number, now: number): { test: TestPool; ids: string[] } {
  const test = new TestPool(termsOf({ totalTickets: 1_000_000 }), seededRandomness(1))
  const ids = Array.from({ length: count }, (_, index) => {
    const outcome = test.decide(now, (pool) =>
      pool.reserve(
        {
          itemId: pool.itemId,
          holder: `user_${index}`,
          entrant: ANYONE,
          key: 'once',
          request: '',
          quantity: 1_000,
          numbers: null,
          payment: null,
        },
        now,
      ),
    )
    if (!outcome.ok) throw new Error(outcome.detail)
    return outcome.reservation.id
  })
  return { test, ids }
}
