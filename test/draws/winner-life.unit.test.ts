import { describe, expect, it } from 'vitest'
import { WINNER_STATUSES, type WinnerStatus } from '../../src/draws/schema.ts'
import {
  areWinnersFinal,
  isPending,
  nextClaimBy,
  presentWinners,
  type RedrawRules,
  redrawReason,
  unitsToRedraw,
} from '../../src/draws/winner-life.ts'
import { attemptRow, CLAIM_BY, DAY, winnerRow } from './attempt-rows.ts'

const REDRAW: RedrawRules = { onUnclaimed: 'redraw', maxRedraws: 3 }
const KEEP: RedrawRules = { onUnclaimed: 'keep', maxRedraws: 3 }

const drawOfOne = [attemptRow(0, ['1#1'], [11])]
const withOne = (status: WinnerStatus) => [winnerRow(0, '1#1', status)]
const isRedrawn = (status: WinnerStatus, rules: RedrawRules) =>
  unitsToRedraw(drawOfOne, withOne(status), rules).length > 0

describe('a prize is drawn again', () => {
  it.each<[WinnerStatus, { redraw: boolean; keep: boolean }]>([
    ['announced', { redraw: false, keep: false }],
    ['claimed', { redraw: false, keep: false }],
    ['paid', { redraw: false, keep: false }],
    ['delivered', { redraw: false, keep: false }],
    ['declined', { redraw: true, keep: false }],
    ['expired', { redraw: true, keep: false }],
    ['disqualified', { redraw: true, keep: true }],
  ])('if its winner is %s, by onUnclaimed: %j', (status, expected) => {
    expect({ redraw: isRedrawn(status, REDRAW), keep: isRedrawn(status, KEEP) }).toEqual(expected)
  })

  it('never if the rules allow no redraw', () => {
    for (const status of WINNER_STATUSES) expect(isRedrawn(status, { ...REDRAW, maxRedraws: 0 })).toBe(false)
  })

  it('at most maxRedraws times', () => {
    const attempts = [attemptRow(0, ['1#1'], [11]), attemptRow(1, ['1#1'], [21])]
    const winners = [winnerRow(0, '1#1', 'declined'), winnerRow(1, '1#1', 'declined')]
    expect(unitsToRedraw(attempts, winners, { ...REDRAW, maxRedraws: 2 })).toHaveLength(1)
    expect(unitsToRedraw(attempts, winners, { ...REDRAW, maxRedraws: 1 })).toEqual([])
  })

  it('not while another attempt is pending, for any unit', () => {
    const attempts = [attemptRow(0, ['1#1', '1#2'], [11, 12]), attemptRow(1, ['1#1'], 'pending')]
    const winners = [winnerRow(0, '1#1', 'declined'), winnerRow(0, '1#2', 'declined')]
    expect(unitsToRedraw(attempts, winners, REDRAW)).toEqual([])
  })

  it('only by its last attempt: the replacement winner decides', () => {
    const attempts = [attemptRow(0, ['1#1', '1#2'], [11, 12]), attemptRow(1, ['1#1'], [21])]
    const winners = [
      winnerRow(0, '1#1', 'declined'),
      winnerRow(0, '1#2', 'expired'),
      winnerRow(1, '1#1', 'announced'),
    ]
    expect(unitsToRedraw(attempts, winners, REDRAW)).toEqual([{ unit: '1#2', status: 'expired' }])
  })

  it('not if its last attempt found nobody', () => {
    const attempts = [attemptRow(0, ['1#1'], [11]), attemptRow(1, ['1#1'], [])]
    expect(unitsToRedraw(attempts, [winnerRow(0, '1#1', 'declined')], REDRAW)).toEqual([])
  })

  it('together with others, in the order of the units', () => {
    const units = ['1#1', '1#2', '2#1']
    const attempts = [attemptRow(0, units, [11, 12, 13])]
    const winners = units.map((unit) => winnerRow(0, unit, 'expired')).reverse()
    expect(unitsToRedraw(attempts, winners, REDRAW).map(({ unit }) => unit)).toEqual(units)
  })
})

describe('the winner of a unit', () => {
  it('is the one of its last drawn attempt, or nobody', () => {
    const attempts = [
      attemptRow(0, ['1#1', '1#2', '2#1'], [11, 12]),
      attemptRow(1, ['1#1'], [21]),
      attemptRow(2, ['1#2'], 'pending'),
    ]
    const winners = [
      winnerRow(0, '1#1', 'declined'),
      winnerRow(0, '1#2', 'declined'),
      winnerRow(1, '1#1', 'claimed'),
    ]
    expect([...presentWinners(attempts, winners)].map(([unit, winner]) => [unit, winner?.attempt])).toEqual([
      ['1#1', 1],
      ['1#2', 0],
      ['2#1', undefined],
    ])
  })
})

describe('the reason of a redraw', () => {
  it.each<[WinnerStatus[], string]>([
    [['declined'], 'declined'],
    [['expired'], 'not claimed in time'],
    [['disqualified'], 'disqualified'],
    [['declined', 'declined'], 'declined'],
    [['expired', 'declined', 'expired'], 'not claimed in time, declined'],
  ])('of units %j is "%s"', (statuses, reason) => {
    expect(redrawReason(statuses.map((status) => ({ status })))).toBe(reason)
  })
})

describe('the winners are final', () => {
  it.each<[WinnerStatus, { redraw: boolean; keep: boolean; used: boolean }]>([
    ['announced', { redraw: false, keep: false, used: false }],
    ['claimed', { redraw: false, keep: false, used: false }],
    ['paid', { redraw: true, keep: true, used: true }],
    ['delivered', { redraw: true, keep: true, used: true }],
    ['declined', { redraw: false, keep: true, used: true }],
    ['expired', { redraw: false, keep: true, used: true }],
    ['disqualified', { redraw: false, keep: false, used: true }],
  ])('with its winner %s: %j (used: no redraw is left)', (status, expected) => {
    const final = (rules: RedrawRules) => areWinnersFinal(drawOfOne, withOne(status), rules)
    expect({
      redraw: final(REDRAW),
      keep: final(KEEP),
      used: final({ ...REDRAW, maxRedraws: 0 }),
    }).toEqual(expected)
  })

  it('only when every unit is', () => {
    const attempts = [attemptRow(0, ['1#1', '1#2'], [11, 12])]
    const first = winnerRow(0, '1#1', 'delivered')
    expect(areWinnersFinal(attempts, [first, winnerRow(0, '1#2', 'claimed')], REDRAW)).toBe(false)
    expect(areWinnersFinal(attempts, [first, winnerRow(0, '1#2', 'delivered')], REDRAW)).toBe(true)
  })

  it('when nobody won anything', () => {
    expect(areWinnersFinal([attemptRow(0, ['1#1'], [])], [], REDRAW)).toBe(true)
  })

  it('never before the draw, nor while a redraw is pending', () => {
    expect(areWinnersFinal([], [], REDRAW)).toBe(false)
    expect(areWinnersFinal([attemptRow(0, ['1#1'], 'pending')], [], REDRAW)).toBe(false)
    const attempts = [attemptRow(0, ['1#1'], [11]), attemptRow(1, ['1#1'], 'pending')]
    expect(areWinnersFinal(attempts, withOne('declined'), { ...REDRAW, maxRedraws: 1 })).toBe(false)
  })
})

describe('the next claim window to end', () => {
  it('is the earliest open one', () => {
    const winners = [
      winnerRow(0, '1#1', 'announced', { claimBy: CLAIM_BY + DAY }),
      winnerRow(0, '1#2', 'announced'),
      winnerRow(0, '1#3', 'claimed', { claimBy: CLAIM_BY - DAY }),
      winnerRow(0, '1#4', 'declined', { claimBy: CLAIM_BY - DAY }),
    ]
    expect(nextClaimBy(winners)).toBe(CLAIM_BY)
    expect(nextClaimBy(winners.slice(2))).toBeNull()
    expect(nextClaimBy([])).toBeNull()
  })
})

describe('an attempt is pending', () => {
  it('if it is the last and has no winners yet; an empty list counts as drawn', () => {
    expect(isPending([])).toBe(false)
    expect(isPending([attemptRow(0, ['1#1'], [])])).toBe(false)
    expect(isPending([attemptRow(0, ['1#1'], 'pending')])).toBe(true)
    expect(isPending([attemptRow(0, ['1#1'], [11]), attemptRow(1, ['1#1'], 'pending')])).toBe(true)
  })
})
