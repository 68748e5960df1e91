/** Routes of payouts, and of a user's payout methods. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { EXAMPLE_ORGANISATION, EXAMPLE_RAFFLE_ID, EXAMPLE_WINNER_ID } from '../core/examples.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import {
  NewPayoutMethod,
  PayoutMethod,
  PayoutMethodPage,
  PayoutMethodParams,
} from '../money/payout-method-contract.ts'
import { addPayoutMethod, listPayoutMethods, removePayoutMethod } from '../money/payout-methods.ts'
import {
  ApprovePayout,
  BODIES,
  EXAMPLE_PAYOUT_METHOD,
  ListPayouts,
  MarkPaid,
  Payout,
  PayoutPage,
  PayoutParams,
  RequestPayout,
} from './contract.ts'
import { dismissPayout } from './dismiss-payout.ts'
import { listPayouts } from './find-payout.ts'
import { approvePayout, cancelPayout, markFailed, markPaid, retryPayout } from './manage-payout.ts'
import { requestPayout } from './request-payout.ts'

const TAG = 'Payouts'

const EXAMPLE_PAYOUT = {
  id: 'payout_01kaf1q7v8fmk9m2q0c8w1g6ne',
  kind: 'prize',
  raffleId: EXAMPLE_RAFFLE_ID,
  eventId: null,
  organisationId: EXAMPLE_ORGANISATION.id,
  winnerId: EXAMPLE_WINNER_ID,
  provider: 'sandbox',
  destination: '••••0112',
  amount: { amount: 500_000, currency: 'KES' },
  status: 'requested',
  requestedBy: 'user_01kaf1q7v8fmk9m2q0c8w1g6ne',
  approvedBy: null,
  reference: null,
  attempt: 0,
  attention: null,
  payableFrom: null,
  createdAt: '2026-11-27T17:06:00.000Z',
  updatedAt: '2026-11-27T17:06:00.000Z',
}

const answered = (description: string, changes: Partial<Payout> = {}) => ({
  status: 200 as const,
  schema: Payout,
  example: { ...EXAMPLE_PAYOUT, ...changes },
  description,
})

/** The query that lists the payouts of the same raffle or event. */
function listOf({ raffleId, eventId }: Payout): string {
  if (raffleId !== null) return `?raffleId=${raffleId}`
  return eventId === null ? '' : `?eventId=${eventId}`
}

/** Under /api/v1/users/me/payout-methods. */
export const payoutMethods = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listPayoutMethods',
      summary: 'List my payout methods',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: PayoutMethodPage,
        example: { data: [EXAMPLE_PAYOUT_METHOD], nextCursor: null },
        description: 'All of them: there are at most ten.',
      },
    }),
    async (c) => c.json(await listPayoutMethods(c.get('ctx'))),
  )
  .post(
    '/',
    describe({
      operation: 'addPayoutMethod',
      summary: 'Add a payout method',
      description:
        'A destination for cash prizes, which a claim names by its id. Money goes there a day later at the earliest, or at once to a phone from which you paid a day ago. You are told by mail. A phone must be proved to be yours before a claim: by having paid from it, or by `…/proof`. A new password removes the methods that still wait.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: PayoutMethod,
        example: EXAMPLE_PAYOUT_METHOD,
        description: 'The method. Only the end of its destination is ever shown.',
      },
      errors: [...BODY_ERRORS, 'limit_reached'],
    }),
    validate('json', NewPayoutMethod, BODIES.NewPayoutMethod),
    async (c) => {
      const method = await addPayoutMethod(c.get('ctx'), c.req.valid('json'))
      c.header('location', `/api/v1/users/me/payout-methods/${method.id}`)
      return c.json(method, 201)
    },
  )
  .delete(
    '/:id',
    describe({
      operation: 'removePayoutMethod',
      summary: 'Remove a payout method',
      description:
        'Payouts to it that were not sent stop: claim the prize again with another method. You are told by mail.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'Removed.' },
      errors: ['not_found'],
    }),
    validate('param', PayoutMethodParams),
    async (c) => {
      await removePayoutMethod(c.get('ctx'), c.req.valid('param').id)
      return c.body(null, 204)
    },
  )

/** Under /api/v1/payouts. */
export const payouts = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listPayouts',
      summary: 'List payouts',
      description:
        'The payouts of the organisations in which you may request or approve payouts. No filter is required; `needs=attention` lists those that a person must check.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: PayoutPage,
        example: { data: [EXAMPLE_PAYOUT], nextCursor: null },
        description: 'The newest first.',
      },
      errors: PAGE_ERRORS,
    }),
    validate('query', ListPayouts),
    async (c) => c.json(await listPayouts(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/',
    describe({
      operation: 'requestPayout',
      summary: 'Request a payout of a raffle, an event or a shop',
      description:
        'The ledger determines the amount. For a settled raffle it is the takings less rake and prizes. For an event it is the takings less refunds, once it is over and no money of it is under way. For a shop it is all sales less refunds and earlier payouts; later refunds make the next payout smaller. A provider pays only what its till holds for the organisation. If several hold a part, ask each for its part by `amount`; the refusal names the sums.',
      tag: TAG,
      auth: 'user',
      idempotent: true,
      success: {
        status: 201,
        schema: Payout,
        description: 'The payout, which now needs approval.',
        example: { ...EXAMPLE_PAYOUT, kind: 'organiser', winnerId: null },
      },
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state', 'conflict'],
    }),
    validate('json', RequestPayout, BODIES.RequestPayout),
    async (c) => {
      const payout = await requestPayout(c.get('ctx'), c.req.valid('json'), idempotencyKey(c))
      c.header('location', `/api/v1/payouts${listOf(payout)}`)
      return c.json(payout, 201)
    },
  )
  .post(
    '/:id/approve',
    describe({
      operation: 'approvePayout',
      summary: 'Approve a payout',
      description:
        'It is sent at once, or from `payableFrom` on if its payout method is new. With `PAYOUT_APPROVAL=other`, an admin must approve it, or a member of long standing who is not its requester. Neither of the two may have invited the other.',
      tag: TAG,
      auth: 'user',
      success: answered('The payout, on its way.', { status: 'sent' }),
      errors: ['validation_failed', 'not_found', 'forbidden', 'conflict', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    validate('query', ApprovePayout),
    async (c) => c.json(await approvePayout(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
  )
  .post(
    '/:id/cancel',
    describe({
      operation: 'cancelPayout',
      summary: 'Cancel a payout of an organisation',
      description:
        'Only for a payout of a raffle’s rest, of an event or of shop earnings, before its approval or after it failed. The money can be requested again.',
      tag: TAG,
      auth: 'user',
      success: answered('The cancelled payout.', {
        status: 'cancelled',
        kind: 'shop',
        raffleId: null,
        winnerId: null,
      }),
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    async (c) => c.json(await cancelPayout(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/retry',
    describe({
      operation: 'retryPayout',
      summary: 'Retry a payout that failed',
      description: 'Only after the payout failed. Two concurrent retries are one payment.',
      tag: TAG,
      auth: 'user',
      idempotent: true,
      success: answered('The payout, on its way again.', { status: 'sent' }),
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    async (c) => c.json(await retryPayout(c.get('ctx'), c.req.valid('param').id, idempotencyKey(c))),
  )
  .post(
    '/:id/dismiss',
    describe({
      operation: 'dismissPayout',
      summary: 'Take a payout off the attention list',
      description:
        'Only for a payout that is paid, such as one that arrived after it was cancelled, or that is cancelled. Any other one leaves the list by a decision about it. A repeat changes nothing.',
      tag: TAG,
      auth: 'user',
      success: answered('The payout, which no longer needs attention.', { status: 'paid' }),
      errors: ['not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    async (c) => c.json(await dismissPayout(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/mark-paid',
    describe({
      operation: 'markPayoutPaid',
      summary: 'Mark a payout as paid',
      description:
        'For a payout that is paid by hand. For a payout by a provider only an administrator may: once it was sent, and needs attention because the provider does not report the outcome.',
      tag: TAG,
      auth: 'user',
      success: answered('The paid payout.', { status: 'paid' }),
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    validate('json', MarkPaid, BODIES.MarkPaid),
    async (c) => c.json(await markPaid(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
  )
  .post(
    '/:id/mark-failed',
    describe({
      operation: 'markPayoutFailed',
      summary: 'Mark a payout as not paid by its provider',
      description:
        'Only for administrators: once it was sent, and needs attention because the provider does not report the outcome. Then it can be retried or redirected, like any failed payout.',
      tag: TAG,
      auth: 'user',
      success: answered('The failed payout.', {
        status: 'failed',
        attention: BODIES.Reason.reason,
      }),
      errors: [...BODY_ERRORS, 'not_found', 'forbidden', 'invalid_state'],
    }),
    validate('param', PayoutParams),
    validate('json', Reason, BODIES.Reason),
    async (c) => c.json(await markFailed(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
