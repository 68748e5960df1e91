/** Routes under /api/v1/payments, for operators and payers. */
import { Hono } from 'hono'
import type { AppEnv } from '../core/context.ts'
import { BODY_ERRORS, describe, PAGE_ERRORS } from '../core/openapi.ts'
import { Reason } from '../core/text.ts'
import { validate } from '../core/validation.ts'
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
} from './contract.ts'
import { listPayments } from './list-payments.ts'
import { checkPayment, dismissPayment, recordReceipt } from './manage-payment.ts'

const TAG = 'Payments'
export const paymentRoutes = new Hono<AppEnv>()
  .get(
    '/',
    describe({
      operation: 'listPayments',
      summary: 'List payments',
      description:
        'Payments of orders with a line of an organisation whose payments you manage, newest first. An administrator sees all. If you manage none, or with `mine=true`: the payments of your own orders. `needs=attention` lists only payments that a person must check, each with the reason. `eventId` lists the payments for an event, for members who manage its payments; with a filter, a page of it may have fewer payments than `limit`.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPaymentPage,
        example: { data: [EXAMPLE_MANAGED_PAYMENT], nextCursor: null },
        description: 'One page of payments.',
      },
      errors: [...PAGE_ERRORS, 'forbidden', 'not_found'],
    }),
    validate('query', ListPayments),
    async (c) => c.json(await listPayments(c.get('ctx'), c.req.valid('query'))),
  )
  .post(
    '/:id/reconcile',
    describe({
      operation: 'reconcilePayment',
      summary: 'Query the provider about a payment now',
      description: 'Money that was paid or taken back takes effect, as if the provider had sent a webhook.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPayment,
        example: EXAMPLE_MANAGED_PAYMENT,
        description: 'The payment after the query.',
      },
      errors: ['forbidden', 'not_found'],
    }),
    validate('param', PaymentParams),
    async (c) => c.json(await checkPayment(c.get('ctx'), c.req.valid('param').id)),
  )
  .post(
    '/:id/receipts',
    describe({
      operation: 'recordReceipt',
      summary: 'Record money that no provider reports',
      description:
        'For payments by `manual`: cash or a bank transfer. For other providers only an administrator may do this, from the provider’s statement, while no money has arrived by the payment and it needs attention. Money is recorded once for each `reference`: a repeat changes nothing, even if the provider reports it later. An amount other than the order’s is refunded.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 201,
        schema: RecordedReceipt,
        example: EXAMPLE_RECORDED_RECEIPT,
        description: 'The receipt is recorded, and the order is settled.',
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
      operation: 'dismissPayment',
      summary: 'Take a payment off the attention list',
      description:
        'For a payment that a person has dealt with, or that nobody paid. The `reason` stays with the payment. The provider is no longer polled; money that still arrives is settled. Refused while the order or a refund waits for the payment. A payment that is not on the list does not change.',
      tag: TAG,
      auth: 'user',
      success: {
        status: 200,
        schema: ManagedPayment,
        example: { ...EXAMPLE_MANAGED_PAYMENT, status: 'expired', attention: null },
        description: 'The payment, which no longer needs attention.',
      },
      errors: [...BODY_ERRORS, 'forbidden', 'not_found', 'invalid_state'],
    }),
    validate('param', PaymentParams),
    validate('json', Reason, BODIES.Reason),
    async (c) =>
      c.json(await dismissPayment(c.get('ctx'), c.req.valid('param').id, c.req.valid('json').reason)),
  )
