/** Routes under /api/v1/raffles/{id}/reservations: who takes part, for the raffle's organisation. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { sendCsv } from '../core/csv-stream.ts'
import { describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { RaffleParams } from '../raffles/list-contract.ts'
import { EntryFilter, EntryPage, EXAMPLE_ENTRY, ListEntries } from './contract.ts'
import { ENTRY_COLUMNS, entriesCsv, listEntries } from './read-entries.ts'

const TAG = 'Raffles'
const WHOSE =
  'For members with `entrants:read`, never for API keys: it shows names and e-mail addresses, and the phone numbers of winners.'

export const entrants = new Hono<AppEnv>()
  .get(
    '/:id/reservations',
    describe({
      operation: 'listEntrants',
      summary: 'List the entrants of a raffle',
      description: `${WHOSE} Reservations of every state, the oldest first. With \`state\`, a page may have fewer than \`limit\`: \`nextCursor\` alone says whether more follow.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: EntryPage,
        example: { data: [EXAMPLE_ENTRY], nextCursor: null },
        description: 'One page of reservations, each with its person.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', RaffleParams),
    validate('query', ListEntries),
    async (c) => c.json(await listEntries(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .get(
    '/:id/reservations.csv',
    describe({
      operation: 'exportEntrants',
      summary: 'Download the entrants of a raffle',
      description: `${WHOSE} Each download leaves a row in the audit.`,
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        media: 'text/csv',
        example: `${ENTRY_COLUMNS.join(',')}\n`,
        description: 'The whole list, streamed. UTF-8 with a byte-order mark; no cell runs as a formula.',
      },
      errors: ['not_found'],
    }),
    validate('param', RaffleParams),
    validate('query', EntryFilter),
    async (c) => {
      const { id } = c.req.valid('param')
      return sendCsv(c, `${id}-entrants.csv`, await entriesCsv(c.get('ctx'), id, c.req.valid('query')))
    },
  )
