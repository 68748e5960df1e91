import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InstantIn, TimeZone, toInstant, toInstantOrNull, toWallClock } from '../../src/core/time.ts'

const MOMENT = Date.UTC(2026, 10, 20, 17, 0, 0)

describe('an instant', () => {
  it.each([
    '2026-11-20T17:00:00Z',
    '2026-11-20T20:00:00+03:00',
    '2026-11-20T17:00:00.000Z',
    '2026-11-20T12:00:00-05:00',
    '2026-11-20T17:00Z',
    '2026-11-20T20:00+03:00',
  ])('is accepted with any offset: %s', (text) => {
    expect(InstantIn.parse(text)).toBe(MOMENT)
  })

  it.each([
    '2026-11-20T17:00:00',
    '2026-11-20T17:00',
    '2026-11-20T17Z',
    '2026-11-20',
    '20.11.2026 17:00',
    '2026-02-30T00:00:00Z',
    '2026-11-20T25:00:00Z',
    'now',
    '',
    MOMENT,
  ])('is refused in any other form: %s', (text) => {
    expect(InstantIn.safeParse(text).success).toBe(false)
  })

  it('is returned in UTC with milliseconds', () => {
    expect(toInstant(MOMENT + 7)).toBe('2026-11-20T17:00:00.007Z')
    expect(toInstantOrNull(MOMENT)).toBe('2026-11-20T17:00:00.000Z')
    expect([toInstantOrNull(null), toInstantOrNull(undefined)]).toEqual([null, null])
  })

  it('is written as the platform writes it', () => {
    const anyInstant = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 })
    fc.assert(
      fc.property(anyInstant, (ms) => {
        expect(toInstant(ms)).toBe(new Date(ms).toISOString())
      }),
    )
    expect(() => toInstant(Number.NaN)).toThrow(RangeError)
  })
})

describe('a time zone', () => {
  it.each(['Africa/Nairobi', 'Europe/Berlin', 'UTC', 'America/Argentina/Buenos_Aires', 'Etc/GMT+3'])(
    'may be %s',
    (name) => {
      expect(TimeZone.safeParse(name).success).toBe(true)
    },
  )

  it.each(['Africa/Atlantis', '+03:00', '+0300', '-05', '', 'x'.repeat(65), "Africa/Nairobi' --"])(
    'must not be %s',
    (name) => {
      expect(TimeZone.safeParse(name).success).toBe(false)
    },
  )
})

describe('the wall clock', () => {
  it.each([
    ['Africa/Nairobi', '2026-11-20T20:00:00+03:00'],
    ['UTC', '2026-11-20T17:00:00+00:00'],
    ['America/New_York', '2026-11-20T12:00:00-05:00'],
    ['Asia/Kathmandu', '2026-11-20T22:45:00+05:45'],
    ['Pacific/Kiritimati', '2026-11-21T07:00:00+14:00'],
  ])('in %s shows the same instant', (timeZone, shown) => {
    expect(toWallClock(MOMENT, timeZone)).toBe(shown)
    expect(Date.parse(shown)).toBe(MOMENT)
  })

  it('follows the change to summer time and back', () => {
    expect(toWallClock(Date.UTC(2026, 2, 29, 0, 59, 59), 'Europe/Berlin')).toBe('2026-03-29T01:59:59+01:00')
    expect(toWallClock(Date.UTC(2026, 2, 29, 1, 0, 0), 'Europe/Berlin')).toBe('2026-03-29T03:00:00+02:00')
    expect(toWallClock(Date.UTC(2026, 9, 25, 0, 30, 0), 'Europe/Berlin')).toBe('2026-10-25T02:30:00+02:00')
    expect(toWallClock(Date.UTC(2026, 9, 25, 1, 30, 0), 'Europe/Berlin')).toBe('2026-10-25T02:30:00+01:00')
  })

  it('shows the same instant on every day of years, in zones with unusual changes', () => {
    const zones = [
      'Africa/Casablanca',
      'Asia/Gaza',
      'Australia/Lord_Howe',
      'Pacific/Apia',
      'America/Sao_Paulo',
    ]
    const wrong: string[] = []
    for (const timeZone of zones) {
      const formatter = new Intl.DateTimeFormat('sv', { timeZone, dateStyle: 'short', timeStyle: 'medium' })
      for (let ms = Date.UTC(2011, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 6.7 * 3_600_000) {
        const shown = toWallClock(ms, timeZone)
        const isSame =
          Date.parse(shown) === ms && shown.slice(0, 19).replace('T', ' ') === formatter.format(ms)
        if (!isSame) wrong.push(`${timeZone} ${shown}`)
      }
    }
    expect(wrong).toEqual([])
  })

  it('has seconds in its offset before standard time', () => {
    expect(toWallClock(Date.UTC(1883, 0, 1), 'America/New_York')).toBe('1882-12-31T19:03:58-04:56:02')
  })

  it('shows midnight as 00, not 24', () => {
    expect(toWallClock(Date.UTC(2026, 10, 20, 21, 0, 0), 'Africa/Nairobi')).toBe('2026-11-21T00:00:00+03:00')
  })
})
