/** Instants: requests send ISO 8601 with any offset, responses send UTC, code uses milliseconds since 1970. */
import * as z from 'zod'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** RFC 3339 requires seconds, ISO 8601 does not. */
const WITHOUT_SECONDS = /^(.{10}T\d\d:\d\d)(Z|[+-].*)$/

/** An instant in a request: `2026-11-20T20:00:00+03:00`, or without seconds. Parsed to milliseconds since 1970. */
export const InstantIn = z
  .string()
  .overwrite((text) => text.replace(WITHOUT_SECONDS, '$1:00$2'))
  .check(z.iso.datetime({ offset: true }))
  .transform((text) => Date.parse(text))

/** An instant in a response: UTC with milliseconds. */
export const Instant = z.iso.datetime()

export const toInstant = (ms: number): string => new Date(ms).toISOString()

export const toInstantOrNull = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : toInstant(ms)

/** A runtime also accepts offsets such as +0300, but an offset is not a place and has no summer time. */
const IANA_NAME = /^[A-Za-z][A-Za-z_+\-/0-9]*$/

/** An IANA time zone that this runtime knows. */
export const TimeZone = z
  .string()
  .max(64)
  .refine(isTimeZone, 'must be an IANA time zone such as Africa/Nairobi')

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return IANA_NAME.test(name)
  } catch {
    return false
  }
}

/** The wall clock of a time zone at an instant, with its offset: `2026-11-20T20:00:00+03:00`. */
export function toWallClock(ms: number, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  }).formatToParts(ms)
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? ''
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00'
  return `${part('year')}-${part('month')}-${part('day')}T${part('hour')}:${part('minute')}:${part('second')}${offset}`
}
