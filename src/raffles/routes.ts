/** Routes under /api/v1/raffles: creating, publishing, changing, closing and cancelling; availability. */
import { Hono } from 'hono'
import { cachedForASecond } from '../core/cache.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { OptionalReason, Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import { Availability, FreeNumbersPage, FreeNumbersQuery } from '../tickets/contract.ts'
import { listFreeNumbers, readAvailability } from './availability.ts'
import { cancelRaffle } from './cancel-raffle.ts'
import { closeRaffle } from './close-raffle.ts'
import { CreateRaffle, Raffle, UpdateRaffle } from './contract.ts'
import { createRaffle } from './create-raffle.ts'
import { deleteRaffle } from './delete-raffle.ts'
import { BODIES, EXAMPLE_RAFFLE } from './examples.ts'
import { ListRaffles, RaffleKey, RafflePage, RaffleParams } from './list-contract.ts'
import { listRaffles } from './list-raffles.ts'
import { publishRaffle } from './publish-raffle.ts'
import { readRaffle } from './read-raffle.ts'
import { rebuildRaffle } from './rebuild-raffle.ts'
import { updateRaffle } from './update-raffle.ts'

const TAG = 'Raffles'

const theRaffle = (description: string) => ({
  status: 200 as const,
  schema: Raffle,
  example: EXAMPLE_RAFFLE,
  description,
})

export const raffles = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listRaffles',
      summary: 'List raffles',
      description: 'Published raffles. Members who may edit an organisation’s drafts see those too.',
      tag: TAG,
      auth: 'optional',
      success: {
        status: 200,
        schema: RafflePage,
        example: { data: [EXAMPLE_RAFFLE], nextCursor: null },
        description: 'One page of raffles.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListRaffles),
    cachedForASecond,
    async (c) => c.json(await listRaffles(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'createRaffle',
      summary: 'Create a raffle',
      description: 'The raffle is a draft. A member of only one organisation may leave out `organisationId`.',
      tag: TAG,
      auth: 'user',
      success: { ...theRaffle('The draft.'), status: 201 },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('json', CreateRaffle, BODIES.CreateRaffle),
    async (c) => {
      const raffle = await createRaffle(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/raffles/${raffle.id}`)
      return c.json(raffle, 201)
    },
  )
  .get(
    '/:id',
    describe({
      operation: 'readRaffle',
      summary: 'Read a raffle',
      description: 'By its id or its slug.',
      tag: TAG,
      auth: 'optional',
      success: theRaffle('The raffle.'),
      errors: ['not_found'],
    }),
    validate('param', RaffleKey),
    cachedForASecond,
    async (c) => c.json(await readRaffle(c.get('ctx'), c.req.valid('param').id)),
  )
  .put(
    '/:id',
    describe({
      operation: 'updateRaffle',
      summary: 'Change a raffle',
      description:
        'Fields that are left out keep their values. The rules can change until the first ticket is held or sold. Publication fixes who may enter (`entrants`, `staffMayEnter`, `challenge`), `earning` and `poolLocation`. After it the products of the prizes and their quantities cannot change, and a larger guarantee needs cover, as at publication. Description, picture, category, tags, location and time zone can change at any time.',
      tag: TAG,
      auth: 'user',
      success: theRaffle('The changed raffle.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', RaffleParams),
    validate('json', UpdateRaffle, BODIES.UpdateRaffle),
    async (c) => c.json(await updateRaffle(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .delete(
    '/:id',
    describe({
      operation: 'deleteRaffle',
      summary: 'Delete a draft',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Deleted.' },
      errors: ['forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', RaffleParams),
    async (c) => {
      await deleteRaffle(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/publish',
    describe({
      operation: 'publishRaffle',
      summary: 'Publish a draft',
      description:
        'The raffle’s pool accepts the terms. If `drawAt` is too early, a 422 names the earliest fair draw. Prizes that are products are set aside from the stock: all of them, or the answer is `sold_out` and nothing changes. If the raffle is `guaranteed`, what the prize pool at `minTickets` lacks is set aside from the organisation’s balance. If that is too little, the answer is `invalid_state` with the sum that is missing.',
      tag: TAG,
      auth: 'user',
      success: theRaffle('The published raffle.'),
      errors: ['forbidden', 'not_found', 'invalid_state', 'conflict', 'sold_out'],
    }),
    validate('param', RaffleParams),
    async (c) => c.json(await publishRaffle(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/close',
    describe({
      operation: 'closeRaffle',
      summary: 'Close sales now',
      description: 'Only if the rules’ `earlyClose` is `operator`. The draw moves to the earliest fair time.',
      tag: TAG,
      auth: 'user',
      success: theRaffle('The closed raffle.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', RaffleParams),
    validate('json', OptionalReason, BODIES.OptionalReason),
    async (c) => c.json(await closeRaffle(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
  .post(
    '/:id/cancel',
    describe({
      operation: 'cancelRaffle',
      summary: 'Cancel a raffle',
      description:
        'An operator may cancel until the commitment. After it only an admin may, until the lead time before the beacon’s round. The reason is published.',
      tag: TAG,
      auth: 'user',
      success: theRaffle('The cancelled raffle.'),
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', RaffleParams),
    validate('json', Reason, BODIES.Reason),
    async (c) =>
      c.json(await cancelRaffle(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
  .post(
    '/:id/rebuild',
    describe({
      operation: 'rebuildRaffle',
      summary: 'Project a raffle’s pool to the database again',
      description:
        'For admins, after the database was restored to an earlier time. Sold tickets do not change.',
      tag: TAG,
      auth: 'user',
      success: theRaffle('The raffle in the state of its pool.'),
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', RaffleParams),
    async (c) => c.json(await rebuildRaffle(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/availability',
    describe({
      operation: 'readAvailability',
      summary: 'Read how many tickets are left',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: Availability,
        example: { total: 50, sold: 7, held: 0, available: 43 },
        description: 'The counts of a moment ago.',
      },
      errors: ['not_found'],
    }),
    validate('param', RaffleParams),
    cachedForASecond,
    async (c) => c.json(await readAvailability(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/numbers',
    describe({
      operation: 'listFreeNumbers',
      summary: 'List the free numbers',
      description: 'In ascending order; only for raffles in which players choose numbers.',
      tag: TAG,
      auth: 'none',
      success: {
        status: 200,
        schema: FreeNumbersPage,
        example: {
          data: [
            { number: 1, label: '1' },
            { number: 2, label: '2' },
            { number: 5, label: '5' },
          ],
          nextCursor: null,
        },
        description: 'One page of free numbers.',
      },
      errors: [...PAGE_ERRORS, 'not_found', 'invalid_state'],
    }),
    validate('param', RaffleParams),
    validate('query', FreeNumbersQuery),
    cachedForASecond,
    async (c) => c.json(await listFreeNumbers(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
