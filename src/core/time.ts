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

/** Written by hand, because a list shows hundreds of instants, and `Date` takes six times as long for each. */
export function toInstant(ms: number): string {
  const inDay = ((ms % DAY_MS) + DAY_MS) % DAY_MS
  const seconds = Math.floor(inDay / SECOND_MS)
  const text = `${dayText(String((ms - inDay) / DAY_MS))}${PAIRS[Math.floor(seconds / 3_600)]}:${PAIRS[Math.floor(seconds / 60) % 60]}`
  return `${text}:${PAIRS[seconds % 60]}.${String(inDay % SECOND_MS).padStart(3, '0')}Z`
}

const PAIRS = Array.from({ length: 60 }, (_, value) => String(value).padStart(2, '0'))

/** A day since 1970, in UTC: `2026-11-20T`. */
const dayText = keep((day: string) => {
  const text = new Date(Number(day) * DAY_MS).toISOString()
  return text.slice(0, text.indexOf('T') + 1)
})

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

interface Offset {
  /** `+03:00`. Instants before standard time have seconds too: `-04:56:02`. */
  text: string
  ms: number
}

/** The offset from UTC. */
function offsetAt(ms: number, timeZone: string): Offset {
  const shown = offsetFormatter(timeZone).format(ms)
  const text = shown.slice(shown.indexOf('GMT') + 'GMT'.length) || '+00:00'
  const [hours = 0, minutes = 0, seconds = 0] = text.slice(1).split(':').map(Number)
  const size = hours * HOUR_MS + minutes * MINUTE_MS + seconds * SECOND_MS
  return { text, ms: text.startsWith('-') ? -size : size }
}

/** The offset during a day since 1970, in UTC; null if it changes on that day. A formatter takes longer than all the rest. */
const offsetOfDay = keep((day: string, timeZone: string): Offset | null => {
  const start = Number(day) * DAY_MS
  const offset = offsetAt(start, timeZone)
  return offset.ms === offsetAt(start + DAY_MS, timeZone).ms ? offset : null
})

/** The wall clock of a time zone at an instant, with its offset: `2026-11-20T20:00:00+03:00`. */
export function toWallClock(ms: number, timeZone: string): string {
  const offset = offsetOfDay(String(Math.floor(ms / DAY_MS)), timeZone) ?? offsetAt(ms, timeZone)
  return toInstant(ms + offset.ms).slice(0, 'YYYY-MM-DDTHH:MM:SS'.length) + offset.text
}
