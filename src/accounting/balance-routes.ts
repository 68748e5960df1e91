/** Routes under /api/v1/organisations/{id} about its money: its balance, its top-ups and its guarantee limits. */
import { Hono } from 'hono'
import { OrganisationParams } from '../accounts/contract.ts'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { validate } from '../core/validation.ts'
import {
  Balance,
  BODIES,
  EXAMPLE_LIMIT,
  EXAMPLE_TOP_UP,
  GuaranteeLimit,
  GuaranteeLimitParams,
  RecordTopUp,
  SetGuaranteeLimit,
  TopUp,
  TopUpPage,
} from './balance-contract.ts'
import { setGuaranteeLimit } from './guarantee-limit.ts'
import { readBalance } from './read-balance.ts'
import { listTopUps, recordTopUp } from './top-ups.ts'

const TAG = 'Payouts'

const EXAMPLE_BALANCE = {
  data: [
    {
      balance: { amount: 450_000, currency: 'KES' },
      left: { amount: -400_000, currency: 'KES' },
      setAside: { amount: 300_000, currency: 'KES' },
      guaranteeLimit: EXAMPLE_LIMIT.limit,
    },
  ],
}

export const balances = new Hono<AppEnv>()
  .get(
    '/:id/balance',
    describe({
      operation: 'readBalance',
      summary: 'Read an organisation’s balance',
      description:
        'The sum of its raffles and top-ups, by currency. If negative, the organisation owes it, because guaranteed prizes cost more than the takings. `left` is the balance less its unpaid payouts; if negative, those payouts lack this sum. `setAside` is what the guarantees of its raffles may cost before their draws. Payouts leave the part of it that exceeds `guaranteeLimit`.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Balance,
        example: EXAMPLE_BALANCE,
        description: 'One entry for each currency of its raffles, top-ups and limits.',
      },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', OrganisationParams),
    async (c) => c.json(await readBalance(c.get('ctx'), c.req.valid('param').id)),
  )
  .get(
    '/:id/top-ups',
    describe({
      operation: 'listTopUps',
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
      operation: 'recordTopUp',
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
  .put(
    '/:id/guarantee-limits/:currency',
    describe({
      operation: 'setGuaranteeLimit',
      summary: 'Set a guarantee limit',
      description:
        'For admins: by how much the organisation’s guarantees in this currency may exceed its balance. It applies to what is published from now on: a lower limit changes no published raffle, but payouts then leave what is set aside. Members see it in the balance.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: GuaranteeLimit,
        example: EXAMPLE_LIMIT,
        description: 'The limit, which counts at once.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('param', GuaranteeLimitParams),
    validate('json', SetGuaranteeLimit, BODIES.SetGuaranteeLimit),
    async (c) => c.json(await setGuaranteeLimit(c.get('ctx'), c.req.valid('param'), c.req.valid('json'))),
  )
