/** The raffle that a series has on one of its days, and whether it could be published. */
import type { Ctx } from '../../core/context.ts'
import type { FieldError } from '../../core/errors.ts'
import { toNewColumns } from '../columns.ts'
import type { CreateRaffle, Prize, SavedTerms } from '../contract.ts'
import { whyNotPublishNow } from '../publish-raffle.ts'
import type { SeriesRow } from '../schema.ts'
import type { Day } from './occurrences.ts'

type Named = Pick<SeriesRow, 'title' | 'timeZone' | 'terms'>

export interface DayReward {
  prizes: Prize[]
  imageUrl: string | null
}

export const namedTerms = ({ title, timeZone, terms }: Named): SavedTerms => ({ ...terms, title, timeZone })

/** Named after series and day, so that each can be told from the others. */
export const raffleOfDay = (series: Named, day: Day, reward: DayReward | undefined): CreateRaffle => ({
  ...namedTerms(series),
  title: `${series.title}, ${day.date}`,
  opensAt: day.opensAt,
  closesAt: day.closesAt,
  drawAt: day.drawAt,
  prizes: reward?.prizes ?? series.terms.prizes,
  imageUrl: reward?.imageUrl ?? series.terms.imageUrl,
})

const TIMES: readonly string[] = ['opensAt', 'closesAt', 'drawAt']

/** Everything that stands in the way, by the fields of a series. */
export const whyNotDay = (ctx: Ctx, series: Named, day: Day): FieldError[] =>
  whyNotPublishNow(ctx, toNewColumns(raffleOfDay(series, day, undefined))).map(({ path, message }) =>
    TIMES.includes(path)
      ? { path: 'closesBefore', message: `leaves too little time before the draw: ${path}: ${message}` }
      : { path: `terms.${path}`, message },
  )

/** Everything that stands in the way of a day's own prizes. */
export const whyNotReward = (ctx: Ctx, series: Named, day: Day, reward: DayReward): FieldError[] =>
  whyNotPublishNow(ctx, toNewColumns(raffleOfDay(series, day, reward))).filter(({ path }) =>
    path.startsWith('prizes'),
  )
