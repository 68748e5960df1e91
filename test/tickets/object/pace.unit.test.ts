// When a pool writes each sale to D1 at once, and when it gathers them.
import { describe, expect, it } from 'vitest'
import { Crowd, Pace } from '../../../src/tickets/object/pace.ts'

/** Sells `count` times, one sale every `everyMs`, and says of each whether it is gathered. */
const sell = (pace: Pace, from: number, count: number, everyMs: number): boolean[] =>
  Array.from({ length: count }, (_, sale) => pace.isBusyAfter(from + sale * everyMs))

const none = (gathered: boolean[]) => gathered.every((each) => !each)

describe('a pool', () => {
  it('writes ten sales at once, however fast they come, and gathers those after them', () => {
    expect(sell(new Pace(), 0, 12, 0)).toEqual([...Array(10).fill(false), true, true])
  })

  it('never gathers while it makes two sales a second', () => {
    expect(none(sell(new Pace(), 0, 1_000, 500))).toBe(true)
  })

  it('gathers soon at ten sales a second', () => {
    expect(sell(new Pace(), 0, 30, 100).indexOf(true)).toBeLessThan(15)
  })

  it.each([
    [4_000, true],
    [6_000, false],
  ])('is quiet again six seconds after a rush, however long that was: %i ms', (later, isBusy) => {
    const pace = new Pace()
    sell(pace, 0, 10_000, 1)
    expect(pace.isBusyAfter(10_000 + later)).toBe(isBusy)
  })

  it('does not mind a clock that is set back', () => {
    const pace = new Pace()
    sell(pace, 1_000_000, 5, 0)
    expect(sell(pace, 0, 6, 0)).toEqual([...Array(5).fill(false), true])
  })
})

describe('the pools of an isolate', () => {
  const crowdOf = (writes: number, at = 0) => {
    const crowd = new Crowd()
    const leaves = Array.from({ length: writes }, () => crowd.enter(at))
    return { crowd, leaves }
  }

  it('are a crowd once four of them write to D1 at the same time, and for two seconds after that', () => {
    expect(crowdOf(3).crowd.isHere(0)).toBe(false)
    const { crowd, leaves } = crowdOf(4)
    for (const leave of leaves) leave()
    expect([0, 1_999, 2_000].map((at) => crowd.isHere(at))).toEqual([true, true, false])
  })

  it('are none if they write one after another', () => {
    const crowd = new Crowd()
    for (let write = 0; write < 100; write++) crowd.enter(write)()
    expect(crowd.isHere(100)).toBe(false)
  })

  it('forget a write whose object died, after half a minute', () => {
    const { crowd } = crowdOf(3)
    crowd.enter(29_000)
    expect(crowd.isHere(29_000)).toBe(true)
    crowd.enter(60_000)
    expect(crowd.isHere(60_000)).toBe(false)
  })
})
