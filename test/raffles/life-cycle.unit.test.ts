import { describe, expect, it } from 'vitest'
import { statusAt } from '../../src/raffles/life-cycle.ts'
import { CLOSES_AT, INSTANTS, type InstantName, OPENS_AT, POOLS, ROWS } from './life-cycle-table.ts'

const shownAs = (row: Pick<(typeof ROWS)[number], 'stored' | 'pool'>, instant: InstantName) =>
  statusAt(
    { stored: row.stored, opensAt: OPENS_AT, closesAt: CLOSES_AT, pool: POOLS[row.pool] },
    INSTANTS[instant],
  )

describe('a raffle is shown', () => {
  it.each(ROWS)('as $shown if $stored is stored with $pool, $instant', ({ shown, instant, ...row }) => {
    expect(shownAs(row, instant)).toBe(shown)
  })
})

describe('the passing of time', () => {
  const ORDER = ['scheduled', 'open', 'closed', 'committed', 'drawn', 'settled']

  it('alone never moves a raffle backwards', () => {
    const names = Object.keys(INSTANTS) as InstantName[]
    for (const row of ROWS) {
      const places = names.map((name) => ORDER.indexOf(shownAs(row, name)))
      expect(places).toEqual([...places].sort((a, b) => a - b))
    }
  })

  it('takes a raffle that opens and closes at one instant from scheduled to closed', () => {
    const facts = {
      stored: 'scheduled',
      opensAt: OPENS_AT,
      closesAt: OPENS_AT,
      pool: POOLS['a pool'],
    } as const
    expect(statusAt(facts, OPENS_AT - 1)).toBe('scheduled')
    expect(statusAt(facts, OPENS_AT)).toBe('closed')
  })
})
