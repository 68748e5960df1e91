/** Doors under /api/v1/payments: what operators see and do, and where providers report. */
import { Hono } from 'hono'
import type { AppContext, AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { endsWithin } from '../core/patience.ts'
import { SECOND_MS } from '../core/time.ts'
import { validate } from '../core/validation.ts'
import { Reason } from '../raffles/contract.ts'
import { receiveWebhook } from '../webhooks/receive-webhook.ts'
import { listWebhooks, replayWebhook } from '../webhooks/stored-webhooks.ts'
import {
  BODIES,
  EXAMPLE_MANAGED_PAYMENT,
  EXAMPLE_RECORDED_RECEIPT,
  EXAMPLE_STORED_WEBHOOK,
  ListPayments,
  ListWebhooks,
  ManagedPayment,
  ManagedPaymentPage,
  PaymentParams,
  RecordedReceipt,
  RecordReceipt,
  ReplayParams,
  SecretWebhookParams,
  StoredWebhookPage,
  type WebhookAddress,
  WebhookAnswer,
  WebhookParams,
} from './contract.ts'
import { listPayments } from './list-payments.ts'
import { checkPayment, dismissPayment, recordReceipt } from './manage-payment.ts'

const TAG = 'Payments'

const aWebhook = describe({
  summary: 'Where providers report',
  description:
    'For providers alone: what comes is verified by the provider’s signature, or by the token in the address. Told twice, an event takes effect once.',
  tag: TAG,
  auth: 'none',
  success: {
    status: 200,
    schema: WebhookAnswer,
    example: { received: true },
    description: 'The event is taken; the answer is what the provider wants to hear.',
  },
  errors: ['forbidden', 'malformed_request', 'not_found', 'invalid_state', 'payload_too_large'],
})

/** Providers give up on whoever answers late, and tell it again or never. */
const PATIENCE_MS = 2 * SECOND_MS

async function takeWebhook(
  c: AppContext,
  { provider, door, token }: WebhookAddress,
): Promise<Record<string, unknown>> {
  const request = { headers: c.req.raw.headers, body: await c.req.text(), token }
  const { answer, acting } = await receiveWebhook(c.get('ctx'), provider, door, request)
  if (!(await endsWithin(PATIENCE_MS, acting))) c.executionCtx.waitUntil(acting)
  return answer
}

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
      description:
        'What has been paid or taken back takes effect by that, as if the provider had said so itself.',
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
      summary: 'Record money that no provider tells of',
      description:
        'Cash or a bank transfer, for payments by `manual`. Of another provider, for an administrator alone who has read it in the statement there: as long as nothing has come by the payment and it needs attention. Once for its `reference`: the same again changes nothing, nor does it when the provider tells of it after all. Another amount than the order’s goes back, as with every provider.',
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
    '/:id/dismiss',
    describe({
      summary: 'Take a payment off the list of what needs attention',
      description:
        'Once somebody has seen to it, or nobody has paid; the `reason` is logged. Its provider is not asked again by itself, and what comes all the same is settled. Not while its order waits for it, nor while a refund does: that ends with the refund. A payment that is not on the list stays as it is.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPayment,
        example: { ...EXAMPLE_MANAGED_PAYMENT, status: 'expired', attention: null },
        description: 'The payment, which needs nobody.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', PaymentParams),
    validate('json', Reason, BODIES.Reason),
    async (c) =>
      c.json(await dismissPayment(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
  .get(
    '/webhooks',
    describe({
      summary: 'List what providers have told',
      description:
        'Newest first: the events of the payment, refund or payout that `about` names, for whoever manages it; without, all of them, for an administrator. They are kept for 90 days.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: StoredWebhookPage,
        example: { data: [EXAMPLE_STORED_WEBHOOK], nextCursor: null },
        description: 'One page of events.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('query', ListWebhooks),
    async (c) => c.json(await listWebhooks(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/webhooks/:provider/:eventId/replay',
    describe({
      summary: 'Act on a stored event again',
      description:
        'For whoever manages what it tells of. The provider is asked afresh; what took effect before does not again.',
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
  // A provider signs what it reports, or knows an address that nobody can guess: one route with its token, one without.
  .post('/:provider/:door', aWebhook, validate('param', WebhookParams), async (c) =>
    c.json(await takeWebhook(c, { ...c.req.valid('param'), token: null })),
  )
  .post('/:provider/:door/:token', aWebhook, validate('param', SecretWebhookParams), async (c) =>
    c.json(await takeWebhook(c, c.req.valid('param'))),
  )
