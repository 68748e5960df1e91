// How much somebody may keep from others without paying, and how soon again.
import { describe, expect, it } from 'vitest'
import { HOUR_MS, MINUTE_MS } from '../../src/core/time.ts'
import {
  pauseEndsAt,
  type UnpaidUnits,
  unpaidShareOf,
  unprovedShareOf,
  whyUnpaidRefused,
} from '../../src/core/unpaid-limits.ts'

const NOW = Date.parse('2031-05-05T12:00:00.000Z')
const BOOKS: UnpaidUnits = {
  title: 'A book',
  units: 'units',
  size: 40,
  free: 40,
  own: 0,
  unproved: 0,
  ends: null,
}

const why = (changes: Partial<UnpaidUnits>, count: number, isProved = true) =>
  whyUnpaidRefused({ ...BOOKS, ...changes }, count, isProved, NOW)

describe('the share of one person', () => {
  it.each([
    [0, 3],
    [1, 3],
    [8, 3],
    [15, 3],
    [16, 4],
    [19, 4],
    [199, 49],
    [200, 50],
    [1_000_000, 50],
  ])('of %i units is %i', (size, share) => {
    expect(unpaidShareOf(size)).toBe(share)
    expect(why({ size }, share)).toBeNull()
    expect(why({ size }, share + 1)).toBe(
      `You may hold at most ${share} unpaid units of “A book” at a time: order fewer, and pay for them first.`,
    )
  })

  it('includes what the person holds already', () => {
    expect(why({ own: 4 }, 6)).toBeNull()
    expect(why({ own: 4 }, 7)).toBe(
      'You may hold at most 10 unpaid units of “A book” at a time: you have 4, so pay for them first.',
    )
  })
})

describe('without a proved address', () => {
  it('a person may hold five units', () => {
    expect(why({}, 5, false)).toBeNull()
    expect(why({}, 6, false)).toBe(
      'Prove your e-mail address to order more than 5 units of “A book” at a time.',
    )
    expect(why({ own: 3 }, 3, false)).toContain('Prove your e-mail address')
    expect(why({ size: 8 }, 6, false)).toContain('at most 3 unpaid units')
  })

  it.each([
    [1, 1],
    [2, 1],
    [7, 4],
    [8, 4],
  ])('all persons together may hold of %i units %i', (size, share) => {
    expect(unprovedShareOf(size)).toBe(share)
    expect(why({ size, unproved: share - 1 }, 1, false)).toBeNull()
    expect(why({ size, unproved: share }, 1, false)).toBe(
      'Buyers without a proved e-mail address hold as many units of “A book” as they may: prove yours, or try again later.',
    )
    expect(why({ size, unproved: share }, 1)).toBeNull()
    expect(why({ size, unproved: share, free: 0 }, 1, false)).toBeNull()
  })
})

describe('the pause after holds that ended unpaid', () => {
  it.each([
    [3, 30 * MINUTE_MS],
    [4, HOUR_MS],
    [5, 2 * HOUR_MS],
    [8, 16 * HOUR_MS],
    [9, 24 * HOUR_MS],
    [5_000, 24 * HOUR_MS],
  ])('is after %i of them %i ms, from the last one on', (count, pauseMs) => {
    expect(pauseEndsAt({ count, last: NOW })).toBe(NOW + pauseMs)
    expect(why({ ends: { count, last: NOW - pauseMs } }, 1)).toBeNull()
    expect(why({ ends: { count, last: NOW - pauseMs + 1 } }, 1)).toContain('were not paid')
  })

  it.each([1, 2])('is none after %i of them, even if the clock was set back since', (count) => {
    expect(pauseEndsAt({ count, last: NOW + 1 })).toBeNull()
    expect(why({ ends: { count, last: NOW + 1 } }, 1)).toBeNull()
  })

  it('names the minute after which the person may order again', () => {
    const last = Date.parse('2031-05-05T11:40:12.345Z')
    expect(why({ ends: { count: 3, last } }, 1)).toBe(
      'Several of your orders were not paid. You can order “A book” again at 2031-05-05 12:11 UTC.',
    )
    expect(why({ ends: { count: 9, last } }, 1)).toContain('at 2031-05-06 11:41 UTC.')
  })
})
