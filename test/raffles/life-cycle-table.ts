// The expected public status for every stored status and pool, at every relevant instant.
import type { LifeFacts } from '../../src/raffles/life-cycle.ts'

export const OPENS_AT = Date.parse('2031-05-05T09:00:00Z')
export const CLOSES_AT = Date.parse('2031-05-06T09:00:00Z')

/** The relevant instants: each boundary, the millisecond before it and the one after. */
export const INSTANTS = {
  'long before': OPENS_AT - 86_400_000,
  'just before opensAt': OPENS_AT - 1,
  'at opensAt': OPENS_AT,
  'just after opensAt': OPENS_AT + 1,
  'just before closesAt': CLOSES_AT - 1,
  'at closesAt': CLOSES_AT,
  'just after closesAt': CLOSES_AT + 1,
  'long after': CLOSES_AT + 86_400_000,
} as const
export type InstantName = keyof typeof INSTANTS

const NO = { closedAt: null, committed: false, cancelled: false }
const EARLY = OPENS_AT + 3_600_000

/** The possible projections of a pool. */
export const POOLS = {
  'no pool': null,
  'a pool': NO,
  'a pool that closed early': { ...NO, closedAt: EARLY },
  'a committed pool': { ...NO, committed: true },
  'a committed pool that closed early': { closedAt: EARLY, committed: true, cancelled: false },
  'a cancelled pool': { ...NO, cancelled: true },
  'a pool cancelled after its commitment': { ...NO, committed: true, cancelled: true },
  'a pool that closed early and was cancelled': { closedAt: EARLY, committed: false, cancelled: true },
} as const satisfies Record<string, LifeFacts['pool']>
export type PoolName = keyof typeof POOLS

const byTheClock = {
  'long before': 'scheduled',
  'just before opensAt': 'scheduled',
  'at opensAt': 'open',
  'just after opensAt': 'open',
  'just before closesAt': 'open',
  'at closesAt': 'closed',
  'just after closesAt': 'closed',
  'long after': 'closed',
} as const

const always = (status: string) =>
  Object.fromEntries(Object.keys(INSTANTS).map((name) => [name, status])) as Record<InstantName, string>

/** By stored status and projection. */
export const SHOWN: Record<LifeFacts['stored'], Record<PoolName, Record<InstantName, string>>> = {
  draft: {
    'no pool': always('draft'),
    'a pool': always('draft'),
    'a pool that closed early': always('draft'),
    'a committed pool': always('draft'),
    'a committed pool that closed early': always('draft'),
    'a cancelled pool': always('draft'),
    'a pool cancelled after its commitment': always('draft'),
    'a pool that closed early and was cancelled': always('draft'),
  },
  scheduled: {
    'no pool': byTheClock,
    'a pool': byTheClock,
    'a pool that closed early': always('closed'),
    'a committed pool': always('committed'),
    'a committed pool that closed early': always('committed'),
    'a cancelled pool': always('cancelled'),
    'a pool cancelled after its commitment': always('cancelled'),
    'a pool that closed early and was cancelled': always('cancelled'),
  },
  drawn: {
    'no pool': always('drawn'),
    'a pool': always('drawn'),
    'a pool that closed early': always('drawn'),
    'a committed pool': always('drawn'),
    'a committed pool that closed early': always('drawn'),
    'a cancelled pool': always('cancelled'),
    'a pool cancelled after its commitment': always('cancelled'),
    'a pool that closed early and was cancelled': always('cancelled'),
  },
  settled: {
    'no pool': always('settled'),
    'a pool': always('settled'),
    'a pool that closed early': always('settled'),
    'a committed pool': always('settled'),
    'a committed pool that closed early': always('settled'),
    'a cancelled pool': always('cancelled'),
    'a pool cancelled after its commitment': always('cancelled'),
    'a pool that closed early and was cancelled': always('cancelled'),
  },
  cancelled: {
    'no pool': always('cancelled'),
    'a pool': always('cancelled'),
    'a pool that closed early': always('cancelled'),
    'a committed pool': always('cancelled'),
    'a committed pool that closed early': always('cancelled'),
    'a cancelled pool': always('cancelled'),
    'a pool cancelled after its commitment': always('cancelled'),
    'a pool that closed early and was cancelled': always('cancelled'),
  },
}

export interface Row {
  stored: LifeFacts['stored']
  pool: PoolName
  instant: InstantName
  shown: string
}

/** The table, flat. */
export const ROWS: readonly Row[] = Object.entries(SHOWN).flatMap(([stored, pools]) =>
  Object.entries(pools).flatMap(([pool, instants]) =>
    Object.entries(instants).map(([instant, shown]) => ({ stored, pool, instant, shown }) as Row),
  ),
)
