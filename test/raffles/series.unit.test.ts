// When a series has its draws: wall clocks through daylight saving, weekdays, ends of months, and the days to make.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Day, dayOn, daysAfter, type Schedule } from '../../src/raffles/series/occurrences.ts'
import { daysToMake } from '../../src/raffles/series/sweep-series.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const schedule = (changes: Partial<Schedule> = {}): Schedule => ({
  cadence: { every: 'day' },
  time: '20:00',
  timeZone: 'Africa/Nairobi',
  opensBefore: 24 * 60,
  closesBefore: 5,
  startsOn: '2026-01-01',
  endsOn: null,
  ...changes,
})

const utc = (ms: number) => new Date(ms).toISOString().replace(':00.000Z', 'Z')

function first(count: number, from: Schedule, now: string): Day[] {
  const days: Day[] = []
  for (const day of daysAfter(from, Date.parse(now))) {
    days.push(day)
    if (days.length === count) break
  }
  return days
}

const draws = (count: number, from: Schedule, now: string) =>
  first(count, from, now).map(({ drawAt }) => utc(drawAt))
const dates = (count: number, from: Schedule, now: string) => first(count, from, now).map(({ date }) => date)

describe('the time of a draw', () => {
  it('follows the wall clock, and entries open and close the given minutes before it', () => {
    expect(first(1, schedule(), '2026-05-05T00:00:00Z')).toEqual([
      {
        date: '2026-05-05',
        drawAt: Date.parse('2026-05-05T17:00:00Z'),
        opensAt: Date.parse('2026-05-04T17:00:00Z'),
        closesAt: Date.parse('2026-05-05T16:55:00Z'),
      },
    ])
  })

  it('stays the same on the wall clock through both clock changes', () => {
    const berlin = schedule({ timeZone: 'Europe/Berlin' })
    expect(draws(3, berlin, '2026-03-28T00:00:00Z')).toEqual([
      '2026-03-28T19:00Z',
      '2026-03-29T18:00Z',
      '2026-03-30T18:00Z',
    ])
    expect(draws(3, berlin, '2026-10-24T00:00:00Z')).toEqual([
      '2026-10-24T18:00Z',
      '2026-10-25T19:00Z',
      '2026-10-26T19:00Z',
    ])
  })

  it.each([
    ['Europe/Berlin', '2026-03-28T06:00:00Z', ['2026-03-29T01:30Z', '2026-03-30T00:30Z']],
    ['America/New_York', '2026-03-07T12:00:00Z', ['2026-03-08T07:30Z', '2026-03-09T06:30Z']],
  ])('moves later if a clock change in %s skips it', (timeZone, now, expected) => {
    expect(draws(2, schedule({ timeZone, time: '02:30' }), now)).toEqual(expected)
  })

  it.each([
    ['Europe/Berlin', '02:30', '2026-10-24T06:00:00Z', ['2026-10-25T00:30Z', '2026-10-26T01:30Z']],
    ['America/New_York', '01:30', '2026-10-31T12:00:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
  ])('is the first of the two if it comes twice in %s', (timeZone, time, now, expected) => {
    expect(draws(2, schedule({ timeZone, time }), now)).toEqual(expected)
  })

  it.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Nairobi', 'Asia/Kathmandu'])(
    'comes once for each day of a year in %s, in order',
    (timeZone) => {
      for (const time of ['00:00', '02:15', '02:30', '23:59']) {
        const days = first(366, schedule({ timeZone, time }), '2025-12-30T00:00:00Z')
        expect(days.map(({ date }) => date)).toEqual(
          Array.from({ length: 366 }, (_, at) =>
            new Date(Date.parse('2026-01-01') + at * DAY).toISOString().slice(0, 10),
          ),
        )
        for (const [at, day] of days.entries()) {
          if (at > 0) expect(day.drawAt).toBeGreaterThan(days[at - 1]!.drawAt)
        }
      }
    },
  )
})

describe('the entries of a daily series', () => {
  /** Clocks that change in the night, at midnight, by half an hour, and never; draws in the skipped hour and around it. */
  const CLOCKS = [
    ['Europe/Madrid', '20:00'],
    ['Europe/Madrid', '02:30'],
    ['Europe/Madrid', '03:00'],
    ['America/New_York', '02:30'],
    ['Asia/Beirut', '00:30'],
    ['Africa/Nairobi', '20:00'],
    ['Australia/Lord_Howe', '02:15'],
  ] as const
  const DAYS = Array.from({ length: 366 }, (_, at) =>
    new Date(Date.parse('2026-01-01') + at * DAY).toISOString().slice(0, 10),
  )

  it.each(CLOCKS)(
    'in %s, drawn at %s, open at the same distance from the previous closing every day',
    (timeZone, time) => {
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 60 }),
          fc.integer({ min: -4 * 60, max: 4 * 60 }),
          (closesBefore, earlier) => {
            const opensBefore = 24 * 60 + earlier
            const daily = schedule({ timeZone, time, opensBefore, closesBefore })
            const days = DAYS.map((date) => dayOn(daily, date)!)
            const pauses = days.slice(1).map(({ opensAt }, at) => opensAt - days[at]!.closesAt)
            expect(new Set(pauses)).toEqual(new Set([(closesBefore - earlier) * MINUTE]))
          },
        ),
        { numRuns: 10 },
      )
    },
  )

  it.each(CLOCKS)('in %s, drawn at %s, open before they close on every day', (timeZone, time) => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 * 24 * 60 }),
        fc.integer({ min: 1, max: 120 }),
        (closesBefore, minutes) => {
          const opensBefore = closesBefore + minutes
          const daily = schedule({ timeZone, time, opensBefore, closesBefore })
          for (const { opensAt, closesAt, drawAt } of DAYS.map((date) => dayOn(daily, date)!)) {
            expect(opensAt).toBeLessThan(closesAt)
            expect(drawAt - closesAt).toBe(closesBefore * MINUTE)
          }
        },
      ),
      { numRuns: 10 },
    )
  })

  it('last a whole day of 25 or 23 hours; entries of a few hours keep their length', () => {
    const madrid = { timeZone: 'Europe/Madrid', time: '20:00' }
    const hours = (opensBefore: number, date: string) => {
      const { opensAt, drawAt } = dayOn(schedule({ ...madrid, opensBefore }), date)!
      return (drawAt - opensAt) / HOUR
    }
    expect([hours(24 * 60, '2026-10-25'), hours(24 * 60, '2026-03-29')]).toEqual([25, 23])
    expect([hours(7 * 24 * 60, '2026-10-26'), hours(7 * 24 * 60, '2026-11-02')]).toEqual([169, 168])
    expect([hours(6 * 60, '2026-10-25'), hours(6 * 60, '2026-03-29')]).toEqual([6, 6])
  })
})

describe('the days of a cadence', () => {
  it('are the weekdays named', () => {
    const weekly = schedule({ cadence: { every: 'week', weekdays: ['sunday', 'monday', 'friday'] } })
    expect(dates(5, weekly, '2026-11-20T00:00:00Z')).toEqual([
      '2026-11-20',
      '2026-11-22',
      '2026-11-23',
      '2026-11-27',
      '2026-11-29',
    ])
  })

  it('are a day of each month, or the last of a shorter one', () => {
    const monthly = schedule({ cadence: { every: 'month', dayOfMonth: 31 }, startsOn: '2027-12-31' })
    expect(dates(5, monthly, '2026-01-01T00:00:00Z')).toEqual([
      '2027-12-31',
      '2028-01-31',
      '2028-02-29',
      '2028-03-31',
      '2028-04-30',
    ])
    const late = schedule({ cadence: { every: 'month', dayOfMonth: 1 }, startsOn: '2026-01-02' })
    expect(dates(2, late, '2026-01-01T00:00:00Z')).toEqual(['2026-02-01', '2026-03-01'])
  })

  it('begin and end with the series, and with the closing of entries', () => {
    const week = schedule({ startsOn: '2026-05-05', endsOn: '2026-05-07' })
    expect(dates(9, week, '2026-01-01T00:00:00Z')).toEqual(['2026-05-05', '2026-05-06', '2026-05-07'])
    expect(dates(9, week, '2026-05-06T16:54:59Z')).toEqual(['2026-05-06', '2026-05-07'])
    expect(dates(9, week, '2026-05-06T16:55:00Z')).toEqual(['2026-05-07'])
    expect(dates(9, week, '2026-05-08T00:00:00Z')).toEqual([])
  })

  it('are counted on the series’ own calendar, on either side of the date line', () => {
    const now = '2026-05-05T10:30:00Z'
    const early = { time: '00:10', opensBefore: 60 }
    expect(dates(1, schedule({ ...early, timeZone: 'Pacific/Kiritimati' }), now)).toEqual(['2026-05-07'])
    expect(dates(1, schedule({ ...early, timeZone: 'Pacific/Pago_Pago' }), now)).toEqual(['2026-05-05'])
  })

  it('can be read one by one', () => {
    const fridays = schedule({ cadence: { every: 'week', weekdays: ['friday'] }, endsOn: '2026-12-31' })
    expect(dayOn(fridays, '2026-11-20')?.drawAt).toBe(Date.parse('2026-11-20T17:00:00Z'))
    expect(dayOn(fridays, '2026-11-21')).toBeNull()
    expect(dayOn(fridays, '2025-11-21')).toBeNull()
    expect(dayOn(fridays, '2027-01-01')).toBeNull()
  })
})

describe('the days to make', () => {
  const now = Date.parse('2026-05-05T12:00:00Z')
  const none = new Set<string>()
  const made = (from: Schedule, skipped = none, at = now) => {
    const { days, dueAt } = daysToMake(from, skipped, at)
    return { dates: days.map(({ date }) => date), dueAt: dueAt === null ? null : utc(dueAt) }
  }

  it('are those whose entries open within two days', () => {
    expect(made(schedule())).toEqual({
      dates: ['2026-05-05', '2026-05-06', '2026-05-07'],
      dueAt: '2026-05-05T17:00Z',
    })
  })

  it('are always at least the next one; the one after it follows when it closes', () => {
    const monthly = schedule({ cadence: { every: 'month', dayOfMonth: 20 } })
    expect(made(monthly)).toEqual({ dates: ['2026-05-20'], dueAt: '2026-05-20T16:55Z' })
  })

  it('leave out skipped days', () => {
    expect(made(schedule(), new Set(['2026-05-05', '2026-05-07']))).toEqual({
      dates: ['2026-05-06'],
      dueAt: '2026-05-05T17:00Z',
    })
  })

  it('end with the series', () => {
    const short = schedule({ endsOn: '2026-05-06' })
    expect(made(short)).toEqual({ dates: ['2026-05-05', '2026-05-06'], dueAt: '2026-05-06T16:55Z' })
    expect(made(short, none, Date.parse('2026-05-06T16:55:00Z'))).toEqual({ dates: [], dueAt: null })
  })

  it('are not over while a skipped day can still be restored', () => {
    const short = schedule({ endsOn: '2026-05-06' })
    const last = new Set(['2026-05-06'])
    expect(made(short, last)).toEqual({ dates: ['2026-05-05'], dueAt: '2026-05-06T16:55Z' })
    const all = new Set(['2026-05-05', '2026-05-06'])
    expect(made(short, all)).toEqual({ dates: [], dueAt: '2026-05-06T16:55Z' })
    expect(made(short, all, Date.parse('2026-05-06T16:55:00Z'))).toEqual({ dates: [], dueAt: null })
  })
})
