/**
 * When a lottery holds its draws: days by its cadence, instants by the wall clock of its time zone. Pure. A time that a
 * clock change skips moves later by the skipped hour; of a time that comes twice, the first counts.
 */
import { Temporal } from 'temporal-polyfill'
import { datesOf } from '../core/cadence.ts'
import type { LotteryRow } from './schema.ts'

export type DrawTimes = Pick<LotteryRow, 'cadence' | 'time' | 'timeZone'>

export interface OfficialDraw {
  /** `YYYY-MM-DD`, local. */
  date: string
  /** Milliseconds. */
  drawAt: number
}

/** The official time of a draw on `date`, whether the cadence has that day or not (ms). */
export const officialTime = ({ time, timeZone }: Omit<DrawTimes, 'cadence'>, date: string): number =>
  Temporal.PlainDateTime.from(`${date}T${time}`).toZonedDateTime(timeZone, { disambiguation: 'compatible' })
    .epochMilliseconds

/** The draw of the cadence on `date`; null if that day has none. */
export function officialDraw(lottery: DrawTimes, date: string): OfficialDraw | null {
  const [first] = datesOf(lottery.cadence, date)
  return first === date ? { date, drawAt: officialTime(lottery, date) } : null
}

/** The first draw after `now` (ms). */
export function nextDraw(lottery: DrawTimes, now: number): OfficialDraw {
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(lottery.timeZone).toPlainDate()
  // Yesterday's draw may still lie ahead, if a clock change around midnight skipped its time.
  for (const date of datesOf(lottery.cadence, today.subtract({ days: 1 }).toString())) {
    const drawAt = officialTime(lottery, date)
    if (drawAt > now) return { date, drawAt }
  }
  throw new Error('a cadence has no end')
}
