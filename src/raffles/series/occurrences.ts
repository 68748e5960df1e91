/**
 * When a series has its draws: days by its cadence, instants by the wall clock of its time zone. Pure. A time that a
 * clock change skips moves later by the skipped hour; of a time that comes twice, the first counts.
 */
import { Temporal } from 'temporal-polyfill'
import { datesOf } from '../../core/cadence.ts'
import { DAY_MS, MINUTE_MS } from '../../core/time.ts'
import type { SeriesRow } from '../schema.ts'

export type Schedule = Pick<
  SeriesRow,
  'cadence' | 'time' | 'timeZone' | 'opensBefore' | 'closesBefore' | 'startsOn' | 'endsOn'
>

/** A day of the series; instants in ms. */
export interface Day {
  /** `YYYY-MM-DD`, local. */
  date: string
  opensAt: number
  closesAt: number
  drawAt: number
}

/** The last date that a raffle may have: see `raffles/contract.ts`. */
const LAST_DATE = '2099-12-31'

/** The days whose entries close after `now`, the soonest first, up to the end of the series. */
export function* daysAfter(schedule: Schedule, now: number): Generator<Day, void> {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(schedule.timeZone)
  // Yesterday's draw may still lie ahead, if a clock change around midnight skipped its time.
  const from = latest(schedule.startsOn, today.toPlainDate().subtract({ days: 1 }).toString())
  const last = earliest(schedule.endsOn ?? LAST_DATE, LAST_DATE)
  for (const date of datesOf(schedule.cadence, from)) {
    if (date > last) return
    const day = dayOf(schedule, date)
    if (day.closesAt > now) yield day
  }
}

/** The series' day on `date`; null if it has no draw on that date. */
export function dayOn(schedule: Schedule, date: string): Day | null {
  if (date < schedule.startsOn || date > (schedule.endsOn ?? LAST_DATE)) return null
  const [first] = datesOf(schedule.cadence, date)
  return first === date ? dayOf(schedule, date) : null
}

function dayOf(schedule: Schedule, date: string): Day {
  const drawAt = drawOf(schedule, date, 0)
  const closesAt = drawAt - schedule.closesBefore * MINUTE_MS
  const opensAt = opensAtOf(schedule, date)
  // On a day of 23 hours the wall-clock opening may fall after the closing: then count back from the draw itself.
  return { date, drawAt, closesAt, opensAt: opensAt < closesAt ? opensAt : drawAt - opensOf(schedule) }
}

/**
 * Whole days of `opensBefore` are calendar days, even when a day has 23 or 25 hours. So the entries of a daily series
 * always open at the same distance from the previous draw. The remaining minutes are elapsed time.
 */
function opensAtOf(schedule: Schedule, date: string): number {
  const days = Math.round(opensOf(schedule) / DAY_MS)
  return drawOf(schedule, date, days) - (opensOf(schedule) - days * DAY_MS)
}

const opensOf = ({ opensBefore }: Schedule): number => opensBefore * MINUTE_MS

/** The instant of a draw that lies `daysBefore` days before `date` (ms). */
const drawOf = ({ time, timeZone }: Schedule, date: string, daysBefore: number): number =>
  Temporal.PlainDateTime.from(`${date}T${time}`)
    .subtract({ days: daysBefore })
    .toZonedDateTime(timeZone, { disambiguation: 'compatible' }).epochMilliseconds

const latest = (a: string, b: string): string => (a > b ? a : b)
const earliest = (a: string, b: string): string => (a < b ? a : b)
