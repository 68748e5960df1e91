/** Instants: requests send ISO 8601 with any offset, responses send UTC, code uses milliseconds since 1970. */
import * as z from 'zod'
import { keep } from './keep.ts'

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
    offsetFormatter(name)
    return IANA_NAME.test(name)
  } catch {
    return false
  }
}

/** One formatter per time zone is kept, because making one takes 0.1 ms and a list shows many instants. */
const offsetFormatter = keep(
  (timeZone: string) =>
    new Intl.DateTimeFormat('en', { timeZone, hour: 'numeric', timeZoneName: 'longOffset' }),
)

/** The offset from UTC: `+03:00`. Instants before standard time have seconds too: `-04:56:02`. */
function offsetAt(ms: number, timeZone: string): string {
  const shown = offsetFormatter(timeZone).format(ms)
  return shown.slice(shown.indexOf('GMT') + 'GMT'.length) || '+00:00'
}

/** The wall clock of a time zone at an instant, with its offset: `2026-11-20T20:00:00+03:00`. */
export function toWallClock(ms: number, timeZone: string): string {
  const offset = offsetAt(ms, timeZone)
  const [hours = 0, minutes = 0, seconds = 0] = offset.slice(1).split(':').map(Number)
  const offsetMs = hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
  const wall = new Date(offset.startsWith('-') ? ms - offsetMs : ms + offsetMs)
  return wall.toISOString().slice(0, 'YYYY-MM-DDTHH:MM:SS'.length) + offset
}
