/** The shapes of lotteries and their results on the wire. */
import * as z from 'zod'
import { Cadence, LocalDate, LocalTime } from '../core/cadence.ts'
import { Id } from '../core/ids.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { PublicHttpsUrl } from '../core/public-address.ts'
import { Line } from '../core/text.ts'
import { Instant, TimeZone } from '../core/time.ts'
import { HttpsUrl } from '../core/web-address.ts'
import { addressOn } from './results-page.ts'
import { ATTENTIONS, FETCH_PROBLEMS, LOTTERY_STATUSES, RECORD_ORIGINS, RECORD_STATUSES } from './schema.ts'

export const MAX_NUMBERS = 20
export const MAX_DIGITS = 6

const Country = z.string().regex(/^[A-Z]{2}$/, 'must be a country code such as CO')
const LotteryStatus = z.enum(LOTTERY_STATUSES)

/** Any date fills the blank: only the form is checked. */
const ResultsUrl = PublicHttpsUrl((text) => addressOn(text, '2026-11-30'))
  .refine((text) => !/[{}]/.test(addressOn(text, '')), 'may have no other blank than {date}')
  .refine((text) => !/^https:..[^/?#]*\{/.test(text), 'may have {date} after the host only')
  .nullable()
  .describe(
    'Where the result of a draw is fetched; null: it is only recorded. `{date}` stands for the date of the draw.',
  )

const fields = {
  name: Line(1, 100),
  country: Country,
  cadence: Cadence,
  time: LocalTime,
  timeZone: TimeZone,
  resultsUrl: ResultsUrl,
}

const shape = {
  numbersPerDraw: z
    .number()
    .int()
    .min(1)
    .max(MAX_NUMBERS)
    .describe('How many numbers a draw publishes. It never changes.'),
  digits: z
    .number()
    .int()
    .min(1)
    .max(MAX_DIGITS)
    .describe('How many digits each number has, leading zeros included. It never changes.'),
}

export const CreateLottery = z
  .strictObject({ ...fields, ...shape, resultsUrl: fields.resultsUrl.default(null) })
  .meta({ id: 'CreateLottery' })
export type CreateLottery = z.infer<typeof CreateLottery>

/** A partial change: fields that are left out keep their values. */
export const UpdateLottery = z
  .strictObject({
    ...fields,
    status: LotteryStatus.describe('`archived`: no new raffle uses it, and no draw is awaited by itself.'),
  })
  .partial()
  .meta({ id: 'UpdateLottery' })
export type UpdateLottery = z.infer<typeof UpdateLottery>

export const Lottery = z
  .strictObject({
    id: Id('lottery'),
    name: z.string(),
    country: z.string(),
    cadence: Cadence,
    time: z.string(),
    timeZone: z.string(),
    numbersPerDraw: z.number().int().describe('How many numbers a draw publishes.'),
    digits: z.number().int().describe('How many digits each number has, leading zeros included.'),
    resultsUrl: z.string().nullable().describe('Where results are fetched; null: they are recorded.'),
    status: LotteryStatus.describe('`archived`: no new raffle uses it.'),
    nextDraw: z
      .strictObject({
        date: z.string().describe('Its day, in the time zone of the lottery.'),
        drawAt: Instant,
      })
      .nullable()
      .describe('The next draw by its cadence; null if it is archived.'),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'Lottery' })
export type Lottery = z.infer<typeof Lottery>

export const LotteryPage = Page(Lottery)
export const LotteryParams = z.object({ id: Id('lottery') })
export const ListLotteries = PageQuery.extend({
  country: Country.optional().describe('Only lotteries of this country.'),
  status: LotteryStatus.default('active').describe('The present state.'),
})
export type ListLotteries = z.infer<typeof ListLotteries>

const date = LocalDate.describe('The day of the draw, in the time zone of the lottery: `2026-11-30`.')

export const RecordResult = z
  .strictObject({
    date,
    numbers: z
      .array(z.string().max(MAX_DIGITS))
      .min(1)
      .max(MAX_NUMBERS)
      .describe('The official numbers in the order of the lottery, as digits with leading zeros.'),
    source: HttpsUrl.describe('The https address where the numbers can be read.'),
    reason: Line(3, 500)
      .nullable()
      .default(null)
      .describe('For a correction: why the numbers that count are wrong. Published.'),
  })
  .meta({ id: 'RecordResult' })
export type RecordResult = z.infer<typeof RecordResult>

const recordId = Id('lotteryRecord').describe('The record that the decision is about.')

export const ConfirmResult = z
  .strictObject({
    recordId,
    reason: Line(3, 500)
      .nullable()
      .default(null)
      .describe('Required for a correction whose record has none. Published.'),
  })
  .meta({ id: 'ConfirmResult' })
export type ConfirmResult = z.infer<typeof ConfirmResult>

export const RejectRecord = z.strictObject({ recordId }).meta({ id: 'RejectRecord' })
export type RejectRecord = z.infer<typeof RejectRecord>

const numbers = z.array(z.string()).describe('In the order of the lottery, with leading zeros.')
const source = z.string().describe('The address where the numbers were read.')

const Revision = z
  .strictObject({
    revision: z.number().int().describe('0 is the first result; each correction is the next.'),
    numbers,
    source,
    reason: z.string().nullable().describe('Why the result before is wrong; null for the first.'),
    confirmedAt: Instant.describe('When its numbers were confirmed.'),
  })
  .meta({ id: 'LotteryResultRevision' })

const LotteryRecord = z
  .strictObject({
    id: Id('lotteryRecord'),
    origin: z.enum(RECORD_ORIGINS).describe('`person`: an admin recorded it. `page`: it was fetched.'),
    author: Id('user').describe('The admin who recorded it, or who set the address of the page.'),
    numbers,
    source,
    reason: z.string().nullable().describe('For a correction: why the numbers that count are wrong.'),
    status: z
      .enum(RECORD_STATUSES)
      .describe(
        '`pending` waits for a decision. `rejected`: other numbers count. `withdrawn`: by its author.',
      ),
    recordedAt: Instant.describe('When it was recorded.'),
    decidedBy: Id('user').nullable().describe('The admin who answers for the decision; null: none yet.'),
    decidedAt: Instant.nullable().describe('When it was decided; null: not yet.'),
  })
  .meta({ id: 'LotteryRecord' })

export const RESULT_STATUSES = ['awaited', 'unconfirmed', 'conflicting', 'confirmed', 'skipped'] as const

export const LotteryResult = z
  .strictObject({
    lotteryId: Id('lottery').describe('The lottery.'),
    date: z.string().describe('The day of the draw, in the time zone of the lottery.'),
    drawAt: Instant.describe('The official time of the draw.'),
    status: z
      .enum(RESULT_STATUSES)
      .describe(
        'Only `confirmed` numbers count. `conflicting`: sources disagree. `skipped`: no draw was held.',
      ),
    numbers: numbers
      .nullable()
      .describe('The numbers that count, in the order of the lottery; null: none do.'),
    source: source.nullable().describe('The address where these numbers were read; null: none count.'),
    confirmedAt: Instant.nullable().describe('When these numbers were confirmed.'),
    revisions: z.array(Revision).describe('Every result that has counted, the first one first.'),
    skipReason: z
      .string()
      .nullable()
      .describe('Why the draw is not held; null: it is. Until a second admin agrees, only admins see it.'),
    records: z.array(LotteryRecord).nullable().describe('What the sources say. Only admins see it.'),
    attention: z
      .enum(ATTENTIONS)
      .nullable()
      .describe(
        'What an admin should look at: a `missing` or `unconfirmed` result, a `conflict` of sources, an `unconfirmed_skip` that a second admin has to agree with, or a `difference` between the page and the result. Only admins see it.',
      ),
    nextFetchAt: Instant.nullable().describe('When the page is fetched next. Only admins see it.'),
    fetchProblem: z
      .enum(FETCH_PROBLEMS)
      .nullable()
      .describe(
        'Why the last fetch brought no numbers. Only admins see it. `nobody_answers`: who set `resultsUrl` is no longer an admin, so another one must set it again. `has_tickets`: that admin has tickets of a raffle on this draw, so the page is not fetched for it.',
      ),
  })
  .meta({ id: 'LotteryResult' })
export type LotteryResult = z.infer<typeof LotteryResult>

export const LotteryResultPage = Page(LotteryResult)
export const LotteryResultParams = z.object({ id: Id('lottery'), date })
