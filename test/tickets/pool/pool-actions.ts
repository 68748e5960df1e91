/** Random actions on a pool. */
import fc from 'fast-check'

const MINUTE_MS = 60_000
const holders = fc.constantFrom('amina', 'brian', 'chebet', 'diana')
export const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      holder: holders,
      size: fc.nat(),
      picks: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(), other: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('confirm' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat(), isUnpaid: fc.boolean() }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('void' as const), which: fc.nat(), part: fc.boolean() }),
  },
  {
    weight: 3,
    // Sometimes the machine's clock is set back.
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 20 * MINUTE_MS }),
        fc.integer({ min: -3 * MINUTE_MS, max: 0 }),
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('change terms' as const),
      total: fc.integer({ min: 1, max: 80 }),
      // Sometimes to exactly the number of tickets taken.
      toTaken: fc.boolean(),
      laterMs: fc.integer({ min: -30 * MINUTE_MS, max: 30 * MINUTE_MS }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), holder: holders }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'close' as const,
        'cancel' as const,
        'wait until closing' as const,
        'advance' as const,
      ),
      seldom: fc.nat(9),
    }),
  },
)
export type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never

export const raffles = fc.record({
  totalTickets: fc.integer({ min: 1, max: 80 }),
  maxPerUser: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
  numbering: fc.constantFrom('sequential' as const, 'random' as const, 'chosen' as const),
  amount: fc.constantFrom(0, 500),
  earlyClose: fc.constantFrom('no' as const, 'soldOut' as const, 'operator' as const),
  minTickets: fc.integer({ min: 0, max: 3 }),
})

export const ticketTypes = fc.record({
  total: fc.integer({ min: 1, max: 80 }),
  maxPerUser: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
  unitAmount: fc.constantFrom(0, 500),
})
