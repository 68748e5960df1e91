/** Routes under /api/v1/events/{id} for the people at the door: check-ins, and who is expected. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { sendCsv } from '../core/csv-stream.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import { EventParams } from '../events/contract.ts'
import { checkIn, checkInLate } from './check-in.ts'
import {
  CheckIn,
  CheckInBatch,
  CheckInCounts,
  CheckInPage,
  CheckInParams,
  CreateCheckIn,
  ExpectedAdmissionPage,
  ExpectedFilter,
  ListCheckIns,
  ListExpected,
  ScanResults,
} from './contract.ts'
import {
  BODIES,
  EXAMPLE_CHECK_IN,
  EXAMPLE_COUNTS,
  EXAMPLE_EXPECTED,
  EXAMPLE_RESULTS,
  EXAMPLE_UNDONE,
} from './examples.ts'
import { countCheckIns, listCheckIns, readCheckIn } from './list-check-ins.ts'
import { EXPECTED_COLUMNS, expectedCsv, listExpected } from './list-expected.ts'
import { undoCheckIn } from './undo-check-in.ts'

const TAG = 'Check-in'
const WHO = 'For members with `check_ins:write`.'

const theCheckIn = (description: string) => ({
  status: 200 as const,
  schema: CheckIn,
  example: EXAMPLE_CHECK_IN,
  description,
})

export const door = new Hono<AppEnv>()
  .post(
    '/:id/check-ins',
    describe({
      operation: 'checkIn',
      summary: 'Let somebody in',
      description: `${WHO} A ticket lets one person in, once: a second scan is a \`conflict\` that says when and at which gate it was used. A scan with a \`scanId\` can be sent again: its answer stays the same, until the check-in is undone.`,
      tag: TAG,
      auth: 'user',
      success: { ...theCheckIn('The ticket is valid, and used now.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict', 'idempotency_mismatch'],
    }),
    validate('param', EventParams),
    validate('json', CreateCheckIn, BODIES.CreateCheckIn),
    async (c) => {
      const { id } = c.req.valid('param')
      const made = await checkIn(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/events/${id}/check-ins/${made.id}`)
      return c.json(made, 201)
    },
  )
  .post(
    '/:id/check-ins/batch',
    describe({
      operation: 'checkInLate',
      summary: 'Send the scans of a scanner that was offline',
      description: `${WHO} Each scan gets its own answer. A ticket with which somebody is in already, or which is no longer valid, is kept as a conflict. Send a batch again if its answer was lost.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ScanResults,
        example: EXAMPLE_RESULTS,
        description: 'What became of each scan.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', EventParams),
    validate('json', CheckInBatch, BODIES.CheckInBatch),
    async (c) => c.json(await checkInLate(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .get(
    '/:id/check-ins',
    describe({
      operation: 'listCheckIns',
      summary: 'List the check-ins of an event',
      description: `${WHO} The newest first, undone ones too.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: CheckInPage,
        example: { data: [EXAMPLE_CHECK_IN], nextCursor: null },
        description: 'One page of check-ins.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', EventParams),
    validate('query', ListCheckIns),
    async (c) => c.json(await listCheckIns(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .get(
    '/:id/check-ins/counts',
    describe({
      operation: 'countCheckIns',
      summary: 'Count who is in',
      description: `${WHO} By ticket type, in the organiser’s order.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: CheckInCounts,
        example: EXAMPLE_COUNTS,
        description: 'The counts of this moment.',
      },
      errors: ['not_found'],
    }),
    validate('param', EventParams),
    async (c) => c.json(await countCheckIns(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/check-ins/:checkInId',
    describe({
      operation: 'readCheckIn',
      summary: 'Read a check-in',
      description: WHO,
      tag: TAG,
      auth: 'user',
      success: theCheckIn('The check-in.'),
      errors: ['not_found'],
    }),
    validate('param', CheckInParams),
    async (c) => {
      const { id, checkInId } = c.req.valid('param')
      return c.json(await readCheckIn(c.get('ctx'), id, checkInId))
    },
  )
  .post(
    '/:id/check-ins/:checkInId/undo',
    describe({
      operation: 'undoCheckIn',
      summary: 'Undo a check-in',
      description: `${WHO} The ticket can be checked in again. It leaves a row in the audit.`,
      tag: TAG,
      auth: 'user',
      success: { ...theCheckIn('The check-in, undone.'), example: EXAMPLE_UNDONE },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', CheckInParams),
    validate('json', Reason, BODIES.Reason),
    async (c) => {
      const { id, checkInId } = c.req.valid('param')
      return c.json(await undoCheckIn(c.get('ctx'), id, checkInId, c.req.valid('json').reason))
    },
  )
  .get(
    '/:id/admissions',
    describe({
      operation: 'listExpected',
      summary: 'List who is expected',
      description: `${WHO} One row for each sold ticket, by ticket type and then in the order of the sale. \`q\` searches the names of holders and attendees. With \`q\` or \`checkedIn\`, a page may have fewer than \`limit\`: \`nextCursor\` alone says whether more follow.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ExpectedAdmissionPage,
        example: { data: [EXAMPLE_EXPECTED], nextCursor: null },
        description: 'One page of tickets, each with its persons.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', EventParams),
    validate('query', ListExpected),
    async (c) => c.json(await listExpected(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .get(
    '/:id/admissions.csv',
    describe({
      operation: 'exportExpected',
      summary: 'Download who is expected',
      description:
        'For members with `entrants:read`, never for API keys: it has names and e-mail addresses. Each download leaves a row in the audit.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        media: 'text/csv',
        example: `${EXPECTED_COLUMNS.join(',')}\n`,
        description: 'The whole list, streamed. UTF-8 with a byte-order mark; no cell runs as a formula.',
      },
      errors: ['not_found'],
    }),
    validate('param', EventParams),
    validate('query', ExpectedFilter),
    async (c) => {
      const { id } = c.req.valid('param')
      return sendCsv(c, `${id}-admissions.csv`, await expectedCsv(c.get('ctx'), id, c.req.valid('query')))
    },
  )
