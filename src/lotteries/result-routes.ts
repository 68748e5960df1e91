/** Routes under /api/v1/lotteries/{id}/results: what the sources say of a draw, and what counts. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import {
  ConfirmResult,
  LotteryParams,
  LotteryResult,
  LotteryResultPage,
  LotteryResultParams,
  RecordResult,
  RejectRecord,
} from './contract.ts'
import { confirmResult, rejectRecord } from './decide-record.ts'
import { BODIES, EXAMPLE_RESULT, EXAMPLE_RESULT_FOR_ADMINS } from './examples.ts'
import { listResults, readResult } from './read-results.ts'
import { recordResult } from './record-result.ts'
import type { TicketsOnDraw } from './refuse-holders.ts'
import { skipDraw } from './skip-draw.ts'

const TAG = 'Lotteries'

const theResult = (description: string) => ({
  status: 200 as const,
  schema: LotteryResult,
  example: EXAMPLE_RESULT_FOR_ADMINS,
  description,
})

export const lotteryResultRoutes = ({ ticketsOnDraw }: { ticketsOnDraw: TicketsOnDraw }) =>
  new Hono<AppEnv>()
    .get(
      '/:id/results',
      describe({
        operation: 'listLotteryResults',
        summary: 'List the results of a lottery',
        description:
          'The latest draw first. Only confirmed numbers count; admins also see what the sources say.',
        tag: TAG,
        auth: 'optional',
        success: {
          status: 200,
          schema: LotteryResultPage,
          example: { data: [EXAMPLE_RESULT], nextCursor: null },
          description: 'One page of results.',
        },
        errors: [...PAGE_ERRORS, 'not_found'],
      }),
      validate('param', LotteryParams),
      validate('query', PageQuery),
      cachedForASecond,
      async (c) => c.json(await listResults(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
    )
    .post(
      '/:id/results',
      describe({
        operation: 'recordLotteryResult',
        summary: 'Record a result',
        description:
          'Only administrators may, from the official time of the draw on. The numbers count once another admin confirms them, or another source agrees. If other numbers count, it is a correction and needs a reason. The same record again changes nothing. An admin who has tickets of a raffle on this draw may not record, confirm, reject or skip.',
        tag: TAG,
        auth: 'user',
        success: { ...theResult('The result with its records.'), status: 201 },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict', 'limit_reached'],
      }),
      validate('param', LotteryParams),
      validate('json', RecordResult, BODIES.RecordResult),
      async (c) => {
        const { id } = c.req.valid('param')
        const result = await recordResult(c.get('ctx'), ticketsOnDraw, id, c.req.valid('json'))
        c.header('location', `/api/v1/lotteries/${id}/results/${result.date}`)
        return c.json(result, 201)
      },
    )
    .get(
      '/:id/results/:date',
      describe({
        operation: 'readLotteryResult',
        summary: 'Read the result of a draw',
        description: 'With every result that has counted. Admins also see what the sources say.',
        tag: TAG,
        auth: 'optional',
        success: { ...theResult('The result.'), example: EXAMPLE_RESULT },
        errors: ['not_found'],
      }),
      validate('param', LotteryResultParams),
      cachedForASecond,
      async (c) => {
        const { id, date } = c.req.valid('param')
        return c.json(await readResult(c.get('ctx'), id, date))
      },
    )
    .post(
      '/:id/results/:date/confirm',
      describe({
        operation: 'confirmLotteryResult',
        summary: 'Confirm a record',
        description:
          'Its numbers count from now on, and records of other numbers are rejected. An admin may confirm neither an own record nor a page whose address they set. A repeat changes nothing.',
        tag: TAG,
        auth: 'user',
        success: theResult('The result.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
      }),
      validate('param', LotteryResultParams),
      validate('json', ConfirmResult, BODIES.ConfirmResult),
      async (c) =>
        c.json(await confirmResult(c.get('ctx'), ticketsOnDraw, c.req.valid('param'), c.req.valid('json'))),
    )
    .post(
      '/:id/results/:date/reject',
      describe({
        operation: 'rejectLotteryRecord',
        summary: 'Reject or withdraw a record',
        description:
          'An own record is withdrawn. A page that is rejected does not raise the same numbers again. A repeat changes nothing.',
        tag: TAG,
        auth: 'user',
        success: theResult('The result.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
      }),
      validate('param', LotteryResultParams),
      validate('json', RejectRecord, BODIES.RejectRecord),
      async (c) =>
        c.json(await rejectRecord(c.get('ctx'), ticketsOnDraw, c.req.valid('param'), c.req.valid('json'))),
    )
    .post(
      '/:id/results/:date/skip',
      describe({
        operation: 'skipLotteryDraw',
        summary: 'Say that a draw was not held',
        description:
          'Such as on a holiday. Once another admin says so too, the result is not awaited any more, and raffles that still sell tickets on the draw are cancelled. Recording a result brings the draw back. The reason of the first admin is kept.',
        tag: TAG,
        auth: 'user',
        success: theResult('The draw.'),
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', LotteryResultParams),
      validate('json', Reason, BODIES.Reason),
      async (c) =>
        c.json(await skipDraw(c.get('ctx'), ticketsOnDraw, c.req.valid('param'), c.req.valid('json').reason)),
    )
