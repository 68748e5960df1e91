/** The shapes of series on the wire: a cadence, the terms of each raffle, and a calendar of rewards by local date. */
import * as z from 'zod'
import { Cadence, LocalDate, LocalTime } from '../../core/cadence.ts'
import { Id } from '../../core/ids.ts'
import { Money } from '../../core/money.ts'
import { Page, PageQuery } from '../../core/paging.ts'
import { AnyOf } from '../../core/query.ts'
import { Line } from '../../core/text.ts'
import { Instant, TimeZone } from '../../core/time.ts'
import { HttpsUrl } from '../../core/web-address.ts'
import { ChangedTerms, OrganisationRef, RaffleStatus, SavedTerms } from '../contract.ts'
import { Prize, PrizesIn } from '../prize-contract.ts'

/** Entries open at most a month ahead, so that a daily series has few raffles at a time. */
const MAX_OPENS_BEFORE = 31 * 24 * 60

const SERIES_STATUSES = ['active', 'paused', 'ended'] as const
export const SeriesStatus = z.enum(SERIES_STATUSES)
export type SeriesStatus = z.infer<typeof SeriesStatus>

const NAMED_BY_SERIES = { title: true, timeZone: true } as const
export const SeriesTerms = SavedTerms.omit(NAMED_BY_SERIES)
export type SeriesTerms = z.infer<typeof SeriesTerms>
const ChangedSeriesTerms = ChangedTerms.omit(NAMED_BY_SERIES)

const cadenceFields = {
  title: Line(1, 100),
  cadence: Cadence,
  time: LocalTime,
  timeZone: TimeZone,
  opensBefore: z.number().int().min(1).max(MAX_OPENS_BEFORE),
  closesBefore: z.number().int().min(0).max(MAX_OPENS_BEFORE),
  startsOn: LocalDate,
  endsOn: LocalDate.nullable(),
}

export const CreateSeries = z
  .strictObject({
    organisationId: Id('organisation').optional(),
    ...cadenceFields,
    endsOn: cadenceFields.endsOn.default(null),
    templateId: Id('raffleTemplate')
      .optional()
      .describe('The template whose terms are copied; fields of `terms` replace them.'),
    terms: ChangedSeriesTerms.optional(),
  })
  .meta({ id: 'CreateSeries' })
export type CreateSeries = z.infer<typeof CreateSeries>

/** A partial change: fields that are left out keep their values, also within `terms`. */
export const UpdateSeries = z
  .strictObject({ ...cadenceFields, status: SeriesStatus, terms: ChangedSeriesTerms })
  .partial()
  .meta({ id: 'UpdateSeries' })
export type UpdateSeries = z.infer<typeof UpdateSeries>

export const SERIES_FIELDS = Object.keys(UpdateSeries.shape) as (keyof UpdateSeries)[]

export const Series = z
  .strictObject({
    id: Id('series'),
    organisation: OrganisationRef,
    title: z.string(),
    status: SeriesStatus,
    cadence: Cadence,
    time: z.string(),
    timeZone: z.string(),
    opensBefore: z
      .number()
      .int()
      .describe('How many minutes before the draw entries open. Whole days are wall-clock days.'),
    closesBefore: z.number().int(),
    startsOn: z.string(),
    endsOn: z.string().nullable(),
    terms: z.strictObject({
      ...SeriesTerms.shape,
      ticketPrice: Money,
      maxPerUser: z.number().int().nullable(),
      prizes: z.array(Prize),
    }),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Series' })
export type Series = z.infer<typeof Series>

export const SeriesPage = Page(Series)
export const SeriesParams = z.object({ id: Id('series') })
export const SeriesDayParams = z.object({ id: Id('series'), date: LocalDate })

export const ListSeries = PageQuery.extend({
  organisationId: Id('organisation').optional(),
  status: AnyOf(SeriesStatus).optional(),
})
export type ListSeries = z.infer<typeof ListSeries>

/** The prizes of one day, in place of the prizes of the series' terms. */
export const PutReward = z
  .strictObject({ prizes: PrizesIn, imageUrl: HttpsUrl.nullable().default(null) })
  .meta({ id: 'PutReward' })
export type PutReward = z.infer<typeof PutReward>

export const Reward = z.lazy(() =>
  z
    .strictObject({ date: z.string(), prizes: z.array(Prize), imageUrl: z.string().nullable() })
    .meta({ id: 'Reward' }),
)
export type Reward = z.infer<typeof Reward>

export const RewardPage = Page(Reward)

export const ListRewards = PageQuery.extend({ from: LocalDate.optional() })
export type ListRewards = z.infer<typeof ListRewards>

export const Skip = z.lazy(() => z.strictObject({ date: z.string() }).meta({ id: 'SkippedDay' }))
export type Skip = z.infer<typeof Skip>

/** A day whose entries have not closed, with or without its raffle. */
export const Occurrence = z
  .strictObject({
    date: z.string(),
    skipped: z.boolean(),
    opensAt: Instant,
    closesAt: Instant,
    drawAt: Instant,
    localDrawAt: z.string().describe('The draw on the series’ own wall clock.'),
    prizes: z.array(Prize),
    imageUrl: z.string().nullable(),
    raffleId: Id('raffle')
      .nullable()
      .describe('The raffle of the day; null until it is published, two days before its entries open.'),
    status: RaffleStatus.nullable().describe(
      'The raffle’s status; null without one. A cancelled raffle stays in the list until its entries would have closed.',
    ),
    problem: z
      .string()
      .nullable()
      .describe('Why the raffle cannot be published; shown only to members who may fix it.'),
  })
  .meta({ id: 'Occurrence' })
export type Occurrence = z.infer<typeof Occurrence>

export const Occurrences = z.strictObject({ data: z.array(Occurrence) }).meta({ id: 'Occurrences' })
export const ListOccurrences = z.object({ limit: z.number().int().min(1).max(62).default(7) })
