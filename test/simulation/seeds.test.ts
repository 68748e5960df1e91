// The simulation with the seeds that test every change; `npm run simulate` runs any number of seeds.
import { expect, it } from 'vitest'
import { seedsAccountForEverything } from './seeds.ts'

// Of seeds 1 to 50, few that together make all kinds of moves: each takes ten seconds or more.
const done = seedsAccountForEverything([2, 5, 6, 15, 16, 24, 33, 34])

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
it('does everything at events', () => {
  expect(AT_EVENTS.filter((what) => !done.has(what))).toEqual([])
})
