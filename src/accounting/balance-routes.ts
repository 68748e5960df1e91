/** Routes under /api/v1/organisations/{id} about its money: its balance and its top-ups. */
import { Hono } from 'hono'
import { OrganisationParams } from '../accounts/contract.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import { Balance, BODIES, EXAMPLE_TOP_UP, RecordTopUp, TopUp, TopUpPage } from './balance-contract.ts'
import { readBalance } from './read-balance.ts'
import { listTopUps, recordTopUp } from './top-ups.ts'

const TAG = 'Payouts'

const EXAMPLE_BALANCE = {
  data: [
    {
      balance: { amount: 450_000, currency: 'KES' },
      left: { amount: -400_000, currency: 'KES' },
    },
  ],
}

export const balances = new Hono<AppEnv>()
  .get(
    '/:id/balance',
    describe({
      summary: 'Read an organisation’s balance',
      description:
        'The sum of its raffles and top-ups, by currency. If negative, the organisation owes it, because guaranteed prizes cost more than the takings. `left` is the balance less its unpaid payouts; if negative, those payouts lack this sum.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Balance,
        example: EXAMPLE_BALANCE,
        description: 'One entry for each currency of its raffles and top-ups.',
      },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    async (c) => c.json(await readBalance(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/top-ups',
    describe({
      summary: 'List top-ups',
      description: 'The organisation’s payments to the platform, the newest first.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: TopUpPage,
        example: { data: [EXAMPLE_TOP_UP], nextCursor: null },
        description: 'One page of top-ups.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    validate('query', PageQuery),
    async (c) => c.json(await listTopUps(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/top-ups',
    describe({
      summary: 'Record a top-up',
      description:
        'For admins: money that the organisation paid in, to cover prizes that its raffles do not. `provider` names the till that received it and can pay it out. Recorded once per `reference`: a repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: TopUp,
        example: EXAMPLE_TOP_UP,
        description: 'The recorded top-up, which counts at once.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'conflict'],
    }),
    validate('param', OrganisationParams),
    validate('json', RecordTopUp, BODIES.RecordTopUp),
    async (c) => {
      const { id } = c.req.valid('param')
      const topUp = await recordTopUp(c.get('ctx'), id, c.req.valid('json'))
      c.header('location', `/api/v1/organisations/${id}/top-ups`)
      return c.json(topUp, 201)
    },
  )
