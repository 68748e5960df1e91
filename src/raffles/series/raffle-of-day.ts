/** Builds the raffle of one day of a series, and checks whether it could be published. */
import type { Ctx } from '../../core/context.ts'
import type { FieldError } from '../../core/errors.ts'
import { toNewColumns } from '../columns.ts'
import type { CreateRaffle, SavedTerms } from '../contract.ts'
import type { Prize } from '../prize-contract.ts'
import { whyNotPublishNow } from '../publish-raffle.ts'
import type { SeriesRow } from '../schema.ts'
import type { Day } from './occurrences.ts'

type Named = Pick<SeriesRow, 'title' | 'timeZone' | 'terms'>

export interface DayReward {
  prizes: Prize[]
  imageUrl: string | null
}

export const namedTerms = ({ title, timeZone, terms }: Named): SavedTerms => ({ ...terms, title, timeZone })

/** The title ends with the date, so that people can distinguish the raffles of a series. */
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

/** Every reason why the day's raffle cannot be published, by field of the series. */
export const whyNotDay = (ctx: Ctx, series: Named, day: Day): FieldError[] =>
  whyNotPublishNow(ctx, toNewColumns(raffleOfDay(series, day, undefined))).map(({ path, message }) =>
    TIMES.includes(path)
      ? { path: 'closesBefore', message: `leaves too little time before the draw: ${path}: ${message}` }
      : { path: `terms.${path}`, message },
  )

/** Every reason why the day's own prizes cannot be published. */
export const whyNotReward = (ctx: Ctx, series: Named, day: Day, reward: DayReward): FieldError[] =>
  whyNotPublishNow(ctx, toNewColumns(raffleOfDay(series, day, reward))).filter(({ path }) =>
    path.startsWith('prizes'),
  )
