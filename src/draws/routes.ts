/** Routes of draws: upcoming draws; under /raffles/{id}: winners, proof, redraws, recalculation. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import { RaffleParams } from '../raffles/list-contract.ts'
import { AnyProof, KeyFileSchema } from '../rdp1/proof.ts'
import { ListUpcoming, Recalculation, Redraw, RequestRedraw, UpcomingPage, WinnerPage } from './contract.ts'
import {
  BODIES,
  EXAMPLE_KEYS,
  EXAMPLE_PROOF,
  EXAMPLE_RECALCULATION,
  EXAMPLE_REDRAW,
  EXAMPLE_UPCOMING,
  EXAMPLE_WINNER,
} from './examples.ts'
import { listRaffleWinners } from './list-winners.ts'
import { type ProofFile, readProof, streamProofFile } from './read-proof.ts'
import { recalculate } from './recalculate.ts'
import { requestRedraw } from './request-redraw.ts'
import { signingKeys } from './signing-keys.ts'
import { upcomingDraws } from './upcoming-draws.ts'

const TAG = 'Draws'
/** The commitment fixes these files for ever. */
const IMMUTABLE = 'public, max-age=31536000, immutable'

export const draws = new Hono<AppEnv>().get(
  '/upcoming',
  describe({
    operation: 'listUpcomingDraws',
    summary: 'List the next draws',
    description: 'Of all raffles, or of one series: then its next draw and reward come first.',
    tag: TAG,
    auth: 'none',
    success: {
      status: 200,
      schema: UpcomingPage,
      example: { data: [EXAMPLE_UPCOMING], nextCursor: null },
      description: 'The soonest first, with their prizes.',
    },
    errors: PAGE_ERRORS,
  }),
  validate('query', ListUpcoming),
  cachedForASecond,
  async (c) => c.json(await upcomingDraws(c.get('ctx'), c.req.valid('query'))),
)

const proofFile = (file: ProofFile, header: string) =>
  describe({
    operation: file === 'list' ? 'downloadTicketList' : 'downloadSaleLog',
    summary: file === 'list' ? 'Download the list of tickets' : 'Download the sale log',
    description: `\`${header}\`, with LF line ends. Available from the commitment on; it never changes.`,
    tag: TAG,
    auth: 'none',
    success: {
      status: 200,
      media: 'text/csv',
      example: `${header}\n`,
      description: 'The whole file, streamed.',
    },
    errors: ['not_found'],
  })

/** Routes under /raffles/{id}. */
export const raffleDraws = new Hono<AppEnv>()
  .get(
    '/:id/winners',
    describe({
      operation: 'listRaffleWinners',
      summary: 'List the winners of a raffle',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: WinnerPage,
        example: { data: [EXAMPLE_WINNER], nextCursor: null },
        description: 'Winners of the draw and of every redraw; empty before the draw.',
      },
      errors: [...PAGE_ERRORS, 'not_found'],
    }),
    validate('param', RaffleParams),
    validate('query', PageQuery),
    cachedForASecond,
    async (c) => c.json(await listRaffleWinners(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .get(
    '/:id/proof',
    describe({
      operation: 'readProof',
      summary: 'Read the proof of a draw',
      description:
        'Available from the commitment on. `npm run verify -- <this URL>` checks it offline, with list and log.',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: AnyProof,
        example: EXAMPLE_PROOF,
        description: 'The rdp1 bundle, or that of a lottery.',
      },
      errors: ['not_found'],
    }),
    validate('param', RaffleParams),
    cachedForASecond,
    async (c) => c.json(await readProof(c.get('ctx'), c.req.valid('param').id)),
  )
  .get('/:id/proof/list.csv', proofFile('list', 'number,tag'), validate('param', RaffleParams), async (c) =>
    c.body(await streamProofFile(c.get('ctx'), c.req.valid('param').id, 'list'), 200, {
      'content-type': 'text/csv; charset=utf-8',
      'cache-control': IMMUTABLE,
    }),
  )
  .get(
    '/:id/proof/log.csv',
    proofFile('log', 'kind,number,tag,unixMs'),
    validate('param', RaffleParams),
    async (c) =>
      c.body(await streamProofFile(c.get('ctx'), c.req.valid('param').id, 'log'), 200, {
        'content-type': 'text/csv; charset=utf-8',
        'cache-control': IMMUTABLE,
      }),
  )
  .post(
    '/:id/recalculate',
    describe({
      operation: 'recalculateDraw',
      summary: 'Recompute a draw from its record',
      description:
        'Compares rules, log, list, commitment and every attempt with the published ones, and price times tickets with the ledger.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Recalculation,
        example: EXAMPLE_RECALCULATION,
        description:
          'Whether each attempt matches its record, and the takings match the price of the tickets.',
      },
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', RaffleParams),
    async (c) => c.json(await recalculate(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/redraws',
    describe({
      operation: 'requestRedraw',
      summary: 'Redraw prizes that have no winner',
      description:
        'For units whose winner declined, did not claim in time, or was disqualified. If the rules say so, this happens automatically within a minute.',
      tag: TAG,
      auth: 'user',
      idempotent: true,
      success: {
        status: 201,
        schema: Redraw,
        example: EXAMPLE_REDRAW,
        description: 'The new attempt, and the time of its draw.',
      },
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state', 'limit_reached', 'conflict'],
    }),
    validate('param', RaffleParams),
    validate('json', RequestRedraw, BODIES.RequestRedraw),
    async (c) => {
      const { id } = c.req.valid('param')
      const redraw = await requestRedraw(c.get('ctx'), id, c.req.valid('json'), idempotencyKey(c))
      c.header('location', `/api/v1/raffles/${id}/proof`)
      return c.json(redraw, 201)
    },
  )

export const wellKnown = new Hono<AppEnv>().get(
  '/tombola.json',
  describe({
    operation: 'readSigningKeys',
    summary: 'Read the signing keys of this deployment',
    tag: TAG,
    auth: 'none',
    success: {
      status: 200,
      schema: KeyFileSchema,
      example: EXAMPLE_KEYS,
      description: 'The present key first.',
    },
  }),
  (c) => c.json(signingKeys(c.get('ctx').settings)),
)
