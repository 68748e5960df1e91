// The simulation with the seeds that test every change; `npm run simulate` runs any number of seeds.
import { expect, it } from 'vitest'
import { seedsAccountForEverything } from './seeds.ts'

// Seeds 1, 2, 5 and 6 find every planted bug. The others are those of seeds 1 to 50 that add the most kinds of moves and
// outcomes. Together the twelve make all 28 kinds of moves.
const done = seedsAccountForEverything([1, 2, 5, 6, 9, 15, 16, 24, 26, 33, 34, 48])

/** What the guests of the events do. If a seed fails, the counts are too low as well. */
const AT_EVENTS = [
  ...['joined', 'left', 'offer ordered', 'offer declined', 'offers let go in turn'],
  ...['refused to wait after offers let go', 'paid late while others wait', 'free seat taken'],
  ...['let in', 'scan repeated', 'undone', 'refused: is in already', 'refused: no longer valid'],
  ...['late scan: admitted', 'late scan: alreadyIn', 'late scan: refused'],
  ...[
    'race with another gate',
    'race with a return',
    'race with an acceptance',
    'race with a refund to the buyer',
  ],
  ...['ticket offered', 'ticket accepted', 'offered ticket: decline', 'offered ticket: cancel'],
  ...['capacity changed: capacity-groups', 'capacity changed: ticket-types', 'postponed', 'given back'],
  ...['roll call: let in', 'roll call: conflict', 'roll call: invalid_state'],
]
const SEVERAL = 2

it('does everything at events several times', () => {
  const rare = AT_EVENTS.filter((what) => (done.get(what) ?? 0) < SEVERAL)
  expect(rare.map((what) => `${what}: ${done.get(what) ?? 0}`)).toEqual([])
})
