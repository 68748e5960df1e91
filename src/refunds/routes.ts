/** Routes of refunds: refunds of an order, marking one as paid or failed, and the progress of a cancelled raffle or event. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { EXAMPLE_RAFFLE_ID } from '../core/examples.ts'
import { idempotencyKey } from '../core/idempotency.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { PageQuery } from '../core/paging.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
import { EventParams } from '../events/contract.ts'
import { EXAMPLE_EVENT_ID } from '../events/examples.ts'
import { Order, OrderParams } from '../orders/contract.ts'
import { EXAMPLE_ORDER, EXAMPLE_ORDER_ID } from '../orders/examples.ts'
import { RaffleParams } from '../raffles/list-contract.ts'
import {
  BODIES,
  EventRefundRun,
  MarkRefundPaid,
  Refund,
  RefundPage,
  RefundParams,
  RefundRun,
  RequestRefund,
  TakeBack,
} from './contract.ts'
import { listRefunds } from './list-refunds.ts'
import { markRefundFailed, markRefundPaid } from './mark-refund.ts'
import { presentOneRefund } from './present.ts'
import { readEventRefundRun, readRefundRun } from './read-refund-run.ts'
import { requestRefund } from './request-refund.ts'
import { takeBackFreeUnits } from './take-back-free.ts'
import type { SelectUsed } from './who-may-refund.ts'

const TAG = 'Refunds'

const EXAMPLE_REFUND = {
  id: 'refund_01kaf1q7v8fmk9m2q0c8w1g6ne',
  orderId: EXAMPLE_ORDER_ID,
  status: 'paid',
  amount: { amount: 30_000, currency: 'KES' },
  reason: BODIES.RequestRefund.reason,
  lines: [
    {
      line: 0,
      tickets: [
        { number: 17, label: '17' },
        { number: 42, label: '42' },
      ],
    },
  ],
  provider: 'sandbox',
  reference: 'sandbox_refund_01kaf1q7v8fmk9m2q0c8w1g6ne',
  createdAt: '2026-11-20T09:00:00.000Z',
  updatedAt: '2026-11-20T09:00:01.000Z',
}

const EXAMPLE_PROGRESS = {
  reason: 'The venue is closed.',
  total: 4_200,
  done: 4_200,
  paid: 1_400,
  startedAt: '2026-11-20T09:00:00.000Z',
  expectedEnd: '2026-11-20T09:15:00.000Z',
  finishedAt: '2026-11-20T09:00:04.000Z',
}

export const orderRefunds = ({ selectUsed }: { selectUsed: SelectUsed }) =>
  new Hono<AppEnv>()
    .post(
      '/:id/refunds',
      describe({
        operation: 'requestRefund',
        summary: 'Refund an order',
        description:
          'For members with `refunds:write`. The buyer may give back admissions to an event that was postponed, until `postponed.refundUntil` of the event, but none that somebody is in with. Refunds the named tickets, or all that are left. Units of a product are numbered from 1. Each ticket is taken back before its price is refunded. After the commitment a raffle’s tickets stay: they are not refunded, but the rest of the order is.',
        tag: TAG,
        auth: 'user',
        success: { status: 201, schema: Refund, example: EXAMPLE_REFUND, description: 'The refund.' },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
        idempotent: true,
      }),
      validate('param', OrderParams),
      validate('json', RequestRefund, BODIES.RequestRefund),
      async (c) => {
        const { id } = c.req.valid('param')
        const refund = await requestRefund(
          c.get('ctx'),
          id,
          c.req.valid('json'),
          idempotencyKey(c),
          selectUsed,
        )
        c.header('location', `/api/v1/orders/${id}/refunds`)
        return c.json(await presentOneRefund(c.get('ctx'), refund), 201)
      },
    )
    .post(
      '/:id/take-back',
      describe({
        operation: 'takeBackFreeUnits',
        summary: 'Take free tickets of an order back',
        description:
          'For members who may refund the line. No money moves: a line that cost money is refunded instead. A repeat changes nothing.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: Order,
          example: { ...EXAMPLE_ORDER, payment: null },
          description: 'The order, with your organisation’s lines.',
        },
        errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
      }),
      validate('param', OrderParams),
      validate('json', TakeBack, BODIES.TakeBack),
      async (c) =>
        c.json(await takeBackFreeUnits(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))),
    )
    .get(
      '/:id/refunds',
      describe({
        operation: 'listRefunds',
        summary: 'List the refunds of an order',
        description: 'For the buyer, and for members who may refund its lines.',
        tag: TAG,
        auth: 'user',
        success: {
          status: 200,
          schema: RefundPage,
          example: { data: [EXAMPLE_REFUND], nextCursor: null },
          description: 'Newest first.',
        },
        errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
      }),
      validate('param', OrderParams),
      validate('query', PageQuery),
      async (c) => c.json(await listRefunds(c.get('ctx'), c.req.valid('param').id, c.req.valid('query'))),
    )

export const refunds = new Hono<AppEnv>()
  .post(
    '/:id/mark-paid',
    describe({
      operation: 'markRefundPaid',
      summary: 'Mark a refund as paid',
      description:
        'A refund is marked as paid by hand if its order was paid by hand, or if its provider has given up. An administrator may mark a sent refund as paid by its provider, once it needs attention because the provider does not confirm it. A repeat with the same reference changes nothing.',
      tag: TAG,
      auth: 'user',
      success: { status: 200, schema: Refund, example: EXAMPLE_REFUND, description: 'The paid refund.' },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', RefundParams),
    validate('json', MarkRefundPaid, BODIES.MarkRefundPaid),
    async (c) => {
      const { reference } = c.req.valid('json')
      const ctx = c.get('ctx')
      const refund = await markRefundPaid(ctx, c.req.valid('param').id, reference)
      return c.json(await presentOneRefund(ctx, refund))
    },
  )
  .post(
    '/:id/mark-failed',
    describe({
      operation: 'markRefundFailed',
      summary: 'Mark a refund as not paid by its provider',
      description:
        'Only an administrator may do this, for a sent refund that needs attention because its provider does not confirm it. Operators then pay it by hand, or have the provider retry it (`POST /payments/{id}/reconcile`).',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: Refund,
        example: { ...EXAMPLE_REFUND, status: 'failed', reference: null },
        description: 'The refund, which now waits for an operator.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', RefundParams),
    validate('json', Reason, BODIES.Reason),
    async (c) => {
      const { reason } = c.req.valid('json')
      const ctx = c.get('ctx')
      const refund = await markRefundFailed(ctx, c.req.valid('param').id, reason)
      return c.json(await presentOneRefund(ctx, refund))
    },
  )

export const raffleRefunds = new Hono<AppEnv>().get(
  '/:id/refund-run',
  describe({
    operation: 'readRefundRun',
    summary: 'Read the progress of refunding a cancelled raffle',
    tag: TAG,
    auth: 'user',
    success: {
      status: 200,
      schema: RefundRun,
      example: { raffleId: EXAMPLE_RAFFLE_ID, ...EXAMPLE_PROGRESS },
      description: 'The progress.',
    },
    errors: ['forbidden', 'not_found'],
  }),
  validate('param', RaffleParams),
  async (c) => c.json(await readRefundRun(c.get('ctx'), c.req.valid('param').id)),
)

export const eventRefunds = new Hono<AppEnv>().get(
  '/:id/refund-run',
  describe({
    operation: 'readEventRefundRun',
    summary: 'Read the progress of refunding a cancelled event',
    description: 'For members with `reports:read`, over all ticket types. A free ticket needs no refund.',
    tag: TAG,
    auth: 'user',
    success: {
      status: 200,
      schema: EventRefundRun,
      example: { eventId: EXAMPLE_EVENT_ID, ...EXAMPLE_PROGRESS },
      description: 'The progress.',
    },
    errors: ['forbidden', 'not_found'],
  }),
  validate('param', EventParams),
  async (c) => c.json(await readEventRefundRun(c.get('ctx'), c.req.valid('param').id)),
)
