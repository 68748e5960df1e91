/** Doors under /api/v1/payments: what operators see and do, and where providers report. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { validate } from '../core/validation.ts'
import { listPayments } from './list-payments.ts'
import { checkPayment, recordReceipt } from './manage-payment.ts'
import {
  BODIES,
  EXAMPLE_MANAGED_PAYMENT,
  EXAMPLE_RECORDED_RECEIPT,
  ListPayments,
  ManagedPayment,
  ManagedPaymentPage,
  PaymentParams,
  RecordedReceipt,
  RecordReceipt,
  ReplayParams,
  WebhookParams,
} from './payment-contract.ts'
import { receiveWebhook, replayWebhook } from './receive-webhook.ts'

const TAG = 'Payments'

export const paymentRoutes = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      summary: 'List payments',
      description:
        'Newest first: those of orders with a line of an organisation whose payments you manage; an administrator sees all. `needs=attention` leaves those that somebody must look at, each with the reason.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPaymentPage,
        example: { data: [EXAMPLE_MANAGED_PAYMENT], nextCursor: null },
        description: 'One page of payments.',
      },
      errors: [...PAGE_ERRORS, 'forbidden'],
    }),
    validate('query', ListPayments),
    async (c) => c.json(await listPayments(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/:id/reconcile',
    describe({
      summary: 'Ask the provider about a payment now',
      description: 'What has been paid is settled by that, as if the provider had said so itself.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPayment,
        example: EXAMPLE_MANAGED_PAYMENT,
        description: 'The payment as it stands now.',
      },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', PaymentParams),
    async (c) => c.json(await checkPayment(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/receipts',
    describe({
      summary: 'Record cash or a bank transfer',
      description:
        'For payments by `manual`. Once for its `reference`: the same again changes nothing. Another amount than the order’s goes back, as with every provider.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: RecordedReceipt,
        example: EXAMPLE_RECORDED_RECEIPT,
        description: 'It is recorded, and the order is settled.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state', 'conflict'],
    }),
    validate('param', PaymentParams),
    validate('json', RecordReceipt, BODIES.RecordReceipt),
    async (c) => {
      const receipt = await recordReceipt(c.get('ctx'), c.req.valid('param').id, c.req.valid('json'))
      c.header('location', `/api/v1/orders/${receipt.orderId}`)
      return c.json(receipt, 201)
    },
  )
  .post(
    '/:provider/webhook',
    describe({
      summary: 'Where providers report',
      description:
        'For providers alone: the body is verified by the provider’s signature. Told twice, an event takes effect once.',
      tag: TAG,
      auth: 'none',
      success: { status: 204, description: 'The event is taken.' },
      errors: ['forbidden', 'malformed_request', 'not_found', 'invalid_state', 'payload_too_large'],
    }),
    validate('param', WebhookParams),
    async (c) => {
      const { provider } = c.req.valid('param')
      await receiveWebhook(c.get('ctx'), provider, c.req.raw.headers, await c.req.text())
      return c.body(null, 204)
    },
  )
  .post(
    '/webhooks/:provider/:eventId/replay',
    describe({
      summary: 'Act on a stored webhook again',
      description:
        'For administrators. The provider is asked afresh; what took effect before does not again.',
      tag: TAG,
      auth: 'user',
      success: { status: 204, description: 'It was acted on.' },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', ReplayParams),
    async (c) => {
      const { provider, eventId } = c.req.valid('param')
      await replayWebhook(c.get('ctx'), provider, eventId)
      return c.body(null, 204)
    },
  )
