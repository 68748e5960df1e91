// When a lottery holds its draws, and when its page is fetched.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isForRafflesOnly, nextFetch } from '../../src/lotteries/fetch-schedule.ts'
import { nextDraw, officialDraw, officialTime } from '../../src/lotteries/official-time.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const utc = (ms: number) => new Date(ms).toISOString()
const FRIDAYS = {
  cadence: { every: 'week' as const, weekdays: ['friday' as const] },
  time: '22:30',
  timeZone: 'America/Bogota',
}

describe('the official time of a draw', () => {
  it('is the wall clock of the lottery, in any season', () => {
    expect(utc(officialTime(FRIDAYS, '2026-11-27'))).toBe('2026-11-28T03:30:00.000Z')
    const madrid = { time: '13:00', timeZone: 'Europe/Madrid' }
    expect(utc(officialTime(madrid, '2026-07-01'))).toBe('2026-07-01T11:00:00.000Z')
    expect(utc(officialTime(madrid, '2026-12-22'))).toBe('2026-12-22T12:00:00.000Z')
  })

  it('moves later if a clock change skips it, and is the first if it comes twice', () => {
    const early = { time: '02:30', timeZone: 'Europe/Madrid' }
    expect(utc(officialTime(early, '2026-03-29'))).toBe('2026-03-29T01:30:00.000Z')
    expect(utc(officialTime(early, '2026-10-25'))).toBe('2026-10-25T00:30:00.000Z')
  })

  it('belongs to the days of the cadence only', () => {
    expect(officialDraw(FRIDAYS, '2026-11-27')).toMatchObject({ date: '2026-11-27' })
    expect(officialDraw(FRIDAYS, '2026-11-26')).toBeNull()
  })
})

describe('the next draw', () => {
  it('is the first one after an instant, not at it', () => {
    const drawAt = officialTime(FRIDAYS, '2026-11-27')
    expect(nextDraw(FRIDAYS, drawAt - 1)).toEqual({ date: '2026-11-27', drawAt })
    expect(nextDraw(FRIDAYS, drawAt)).toMatchObject({ date: '2026-12-04' })
  })

  it('leaves out no day and repeats none, in any zone and across clock changes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(
          'Africa/Nairobi',
          'America/Bogota',
          'Europe/Madrid',
          'Pacific/Apia',
          'America/Havana',
        ),
        fc.integer({ min: 0, max: 23 }),
        fc.integer({ min: Date.parse('2025-01-01'), max: Date.parse('2027-01-01') }),
        (timeZone, hour, from) => {
          const daily = {
            cadence: { every: 'day' as const },
            time: `${String(hour).padStart(2, '0')}:30`,
            timeZone,
          }
          let last = nextDraw(daily, from)
          for (let day = 0; day < 40; day++) {
            const next = nextDraw(daily, last.drawAt)
            expect(Date.parse(next.date) - Date.parse(last.date)).toBe(DAY)
            expect(next.drawAt).toBeGreaterThan(last.drawAt)
            last = next
          }
        },
      ),
      { numRuns: 30 },
    )
  })
})

describe('a page', () => {
  it('is fetched soon at first, then once an hour, and about a day long', () => {
    let now = 0
    const pauses: number[] = []
    for (let fetches = 1; ; fetches++) {
      const next = nextFetch({ confirmedAt: null, fetches }, now)
      if (next === null) break
      pauses.push((next - now) / 60_000)
      now = next
    }
    expect(pauses.slice(0, 5)).toEqual([5, 15, 30, 60, 60])
    expect(now).toBeGreaterThan(22 * HOUR)
    expect(now).toBeLessThan(25 * HOUR)
  })

  it('is compared with a result an hour, a day and a week after its confirmation, then once a week for raffles', () => {
    const confirmedAt = 1_000
    const now = confirmedAt + 7 * DAY
    const next = [0, 1, 2, 3, 40].map((fetches) => nextFetch({ confirmedAt, fetches }, now))
    expect(next).toEqual([
      confirmedAt + HOUR,
      confirmedAt + DAY,
      confirmedAt + 7 * DAY,
      now + 7 * DAY,
      now + 7 * DAY,
    ])
    const forRaffles = [0, 2, 3, 40].map((fetches) => isForRafflesOnly({ confirmedAt, fetches }))
    expect(forRaffles).toEqual([false, false, true, true])
    expect(isForRafflesOnly({ confirmedAt: null, fetches: 20 })).toBe(false)
  })
})
