/** Routes under /api/v1/series: recurring raffles, their calendar of rewards, and their next days. */
import { Hono } from 'hono'
import { cachedForASecond } from '../../core/cache.ts'
import type { AppEnv } from '../../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../../core/openapi.ts'
import { validate } from '../../core/validation.ts'
import { deleteReward, putReward, skipDay, unskipDay } from './change-day.ts'
import {
  CreateSeries,
  ListOccurrences,
  ListRewards,
  ListSeries,
  Occurrences,
  PutReward,
  Reward,
  RewardPage,
  Series,
  SeriesDayParams,
  SeriesPage,
  SeriesParams,
  Skip,
  UpdateSeries,
} from './contract.ts'
import { createSeries } from './create-series.ts'
import { deleteSeries } from './delete-series.ts'
import { BODIES, EXAMPLE_OCCURRENCE, EXAMPLE_REWARD, EXAMPLE_SERIES } from './examples.ts'
import { findSeries } from './find-series.ts'
import { listOccurrences } from './list-occurrences.ts'
import { listRewards } from './list-rewards.ts'
import { listSeries } from './list-series.ts'
import { presentSeries } from './present.ts'
import { updateSeries } from './update-series.ts'

const TAG = 'Series'
const DAY_ERRORS = ['forbidden', 'not_found', 'invalid_state', 'conflict'] as const

const theSeries = (description: string) => ({
  status: 200 as const,
  schema: Series,
  example: EXAMPLE_SERIES,
  description,
})

export const series = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listSeries',
      summary: 'List series',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: SeriesPage,
        example: { data: [EXAMPLE_SERIES], nextCursor: null },
        description: 'The newest first.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListSeries),
    cachedForASecond,
    async (c) => c.json(await listSeries(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'createSeries',
      summary: 'Create a series',
      description:
        'Makes a raffle for each day of the cadence, drawn at `time` on the wall clock of `timeZone`. A time that a clock change skips moves later by the skipped hour; of a time that comes twice, the first counts. Entries open `opensBefore` minutes before the draw. Whole days of it (to the nearest) are wall-clock days, so that a daily draw keeps its rhythm when the clock changes. Entries close `closesBefore` elapsed minutes before the draw. `terms` has every field of a raffle except title, time zone and times. With `templateId` the terms of that template are copied, and fields of `terms` replace them. A raffle is published two days before its entries open; the next raffle is always published.',
      tag: TAG,
      auth: 'user',
      success: { ...theSeries('The series.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('json', CreateSeries, BODIES.CreateSeries),
    async (c) => {
      const created = await createSeries(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/series/${created.id}`)
      return c.json(created, 201)
    },
  )
  .get(
    '/:id',
    describe({
      operation: 'readSeries',
      summary: 'Read a series',
      tag: TAG,
      auth: 'none',
      success: theSeries('The series.'),
      errors: ['not_found'],
    }),
    validate('param', SeriesParams),
    cachedForASecond,
    async (c) => c.json(presentSeries(await findSeries(c.get('ctx'), c.req.valid('param').id))),
  )
  .put(
    '/:id',
    describe({
      operation: 'updateSeries',
      summary: 'Change, pause, resume or end a series',
      description:
        'Fields that are left out keep their values, also within `terms`. Raffles that the series has already made do not change. `ended` is final.',
      tag: TAG,
      auth: 'user',
      success: theSeries('The changed series.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', SeriesParams),
    validate('json', UpdateSeries, BODIES.UpdateSeries),
    async (c) => c.json(await updateSeries(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .delete(
    '/:id',
    describe({
      operation: 'deleteSeries',
      summary: 'Delete a series that has made no raffle',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', SeriesParams),
    async (c) => {
      await deleteSeries(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .get(
    '/:id/occurrences',
    describe({
      operation: 'listOccurrences',
      summary: 'List the next days of a series',
      description:
        'Each day has its prizes, and its raffle with `status` once there is one. A raffle that was already made is shown as it is, even if the series has changed since.',
      tag: TAG,
      auth: 'optional',
      success: {
        status: 200,
        schema: Occurrences,
        example: { data: [EXAMPLE_OCCURRENCE] },
        description: 'Days whose entries have not closed, the soonest first.',
      },
      errors: ['not_found'],
    }),
    validate('param', SeriesParams),
    validate('query', ListOccurrences),
    cachedForASecond,
    async (c) =>
      c.json(await listOccurrences(c.get('ctx'), c.req.valid('param').id, c.req.valid('query').limit)),
  )
  .get(
    '/:id/rewards',
    describe({
      operation: 'listRewards',
      summary: 'Read the calendar of rewards',
      description: 'A day without its own reward has the prizes of the series’ terms.',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: RewardPage,
        example: { data: [EXAMPLE_REWARD], nextCursor: null },
        description: 'By date; `from` leaves out earlier days.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', SeriesParams),
    validate('query', ListRewards),
    cachedForASecond,
    async (c) => c.json(await listRewards(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .put(
    '/:id/rewards/:date',
    describe({
      operation: 'putReward',
      summary: 'Set the reward of a day',
      description: 'Possible until the day’s raffle is published. An existing draft of it is made again.',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Reward, example: EXAMPLE_REWARD, description: 'The reward.' },
      errors: [...BODY_ERRORS, ...DAY_ERRORS],
    }),
    validate('param', SeriesDayParams),
    validate('json', PutReward, BODIES.PutReward),
    async (c) => {
      const { id, date } = c.req.valid('param')
      return c.json(await putReward(c.get('ctx'), id, date, c.req.valid('json')))
    },
  )
  .delete(
    '/:id/rewards/:date',
    describe({
      operation: 'deleteReward',
      summary: 'Remove the reward of a day',
      description: 'Possible until the day’s raffle is published. The prizes of the terms take its place.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Removed.' },
      errors: ['forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', SeriesDayParams),
    async (c) => {
      const { id, date } = c.req.valid('param')
      await deleteReward(c.get('ctx'), id, date)
      return c.body(null, 204)
    },
  )
  .put(
    '/:id/skips/:date',
    describe({
      operation: 'skipDay',
      summary: 'Skip a day',
      description:
        'Possible until the day’s raffle is published. A draft of it is deleted, and its prizes return to the stock.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Skip,
        example: { date: '2026-12-25' },
        description: 'The skipped day.',
      },
      errors: DAY_ERRORS,
    }),
    validate('param', SeriesDayParams),
    async (c) => {
      const { id, date } = c.req.valid('param')
      return c.json(await skipDay(c.get('ctx'), id, date))
    },
  )
  .delete(
    '/:id/skips/:date',
    describe({
      operation: 'unskipDay',
      summary: 'Restore a skipped day',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'The day has a draw again.' },
      errors: DAY_ERRORS,
    }),
    validate('param', SeriesDayParams),
    async (c) => {
      const { id, date } = c.req.valid('param')
      await unskipDay(c.get('ctx'), id, date)
      return c.body(null, 204)
    },
  )
