/** Recurring days on the wall calendar of a place: their shapes, and the dates of a cadence. Pure. */
import { Temporal } from 'temporal-polyfill'
import * as z from 'zod'

/** In ISO order: Monday is the first. */
export const WEEKDAYS = [
  'monday',
  'tuesday',
  'wednesday',
  'thursday',
  'friday',
  'saturday',
  'sunday',
] as const

/** Every day, on some weekdays, or on one day of the month (in a shorter month, on its last day). */
export const Cadence = z
  .discriminatedUnion('every', [
    z.strictObject({ every: z.literal('day') }),
    z.strictObject({
      every: z.literal('week'),
      weekdays: z
        .array(z.enum(WEEKDAYS))
        .min(1)
        .refine((days) => new Set(days).size === days.length, 'must not name a day twice'),
    }),
    z.strictObject({ every: z.literal('month'), dayOfMonth: z.number().int().min(1).max(31) }),
  ])
  .meta({ id: 'Cadence' })
export type Cadence = z.infer<typeof Cadence>

/** A day on the wall calendar of a time zone. */
export const LocalDate = z.iso
  .date()
  .refine((date) => date >= '2000-01-01' && date < '2100-01-01', 'must lie between the years 2000 and 2100')

/** A time on the wall clock of a time zone. */
export const LocalTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time such as 20:00')

/** The dates of a cadence, from `from` on (`YYYY-MM-DD`). */
export function* datesOf(cadence: Cadence, from: string): Generator<string, never> {
  const start = Temporal.PlainDate.from(from)
  if (cadence.every === 'month') {
    for (let months = 0; ; months++) {
      const month = start.toPlainYearMonth().add({ months })
      const date = month.toPlainDate({ day: Math.min(cadence.dayOfMonth, month.daysInMonth) }).toString()
      if (date >= from) yield date
    }
  }
  for (let days = 0; ; days++) {
    const day = start.add({ days })
    if (cadence.every === 'day' || cadence.weekdays.includes(WEEKDAYS[day.dayOfWeek - 1]!)) {
      yield day.toString()
    }
  }
}
