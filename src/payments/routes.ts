/** Doors under /api/v1/payments: what operators see and do about payments. */
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
