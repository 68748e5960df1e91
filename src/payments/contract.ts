/** Schemas for payments as operators see and manage them. */
import * as z from 'zod'
import { Id } from '../core/ids.ts'
import { Money, MoneyAboveZero } from '../core/money.ts'
import { Page, PageQuery } from '../core/paging.ts'
import { AnyOf } from '../core/query.ts'
import { Line } from '../core/text.ts'
import { Instant } from '../core/time.ts'
import { Provider } from '../money/provider-name.ts'
import { PAYMENT_STATUSES } from '../money/schema.ts'
import { NextStep } from '../orders/contract.ts'
import { EXAMPLE_ORDER_ID, EXAMPLE_PAYMENT_ID } from '../orders/examples.ts'

/** Without the address of the payment page, which the order shows to its payer. */
export const ManagedPayment = z
  .strictObject({
    id: Id('payment'),
    orderId: Id('order'),
    provider: Provider,
    status: z.enum(PAYMENT_STATUSES),
    amount: Money,
    reference: z.string().nullable().describe('The provider’s own id for it.'),
    attention: z
      .string()
      .nullable()
      .describe('Why a person must check it; null if nobody must, and to the payer.'),
    message: z
      .string()
      .nullable()
      .describe('To the payer: how it stands and what to do next, in words. Null for other readers.'),
    next: NextStep,
    until: Instant.nullable().describe('Until when the next step is possible. Null: there is no such time.'),
    checks: z.number().int().describe('How many polls of the provider gave no result.'),
    nextCheckAt: Instant.nullable().describe('When the provider is polled next; null if it is not.'),
    dismissed: z
      .strictObject({ by: Id('user'), reason: z.string(), at: Instant })
      .nullable()
      .describe('Who dismissed it last, and why. Null if nobody has, and to the payer.'),
    createdAt: Instant,
    updatedAt: Instant,
  })
  .meta({ id: 'ManagedPayment' })
export type ManagedPayment = z.infer<typeof ManagedPayment>

export const ManagedPaymentPage = Page(ManagedPayment)

export const ListPayments = PageQuery.extend({
  needs: z.enum(['attention']).optional().describe('`attention`: only payments that a person must check.'),
  mine: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('Only the caller’s own, also for those who manage payments.'),
  status: AnyOf(z.enum(PAYMENT_STATUSES)).optional(),
  eventId: Id('event')
    .optional()
    .describe('Only payments of orders with tickets of this event: those of the newest order first.'),
})
export type ListPayments = z.infer<typeof ListPayments>

export const PaymentParams = z.object({ id: Id('payment') })

export const RecordReceipt = z
  .strictObject({
    reference: Line(1, 100).describe(
      'The bank’s reference, the number of the paper receipt, or the number on the provider’s statement.',
    ),
    amount: MoneyAboveZero.optional().describe('The sum that arrived. By default the payment’s amount.'),
  })
  .meta({ id: 'RecordReceipt' })
export type RecordReceipt = z.infer<typeof RecordReceipt>

export const RecordedReceipt = z.lazy(() =>
  z
    .strictObject({
      paymentId: Id('payment'),
      orderId: Id('order'),
      reference: z.string(),
      amount: Money,
      recordedAt: Instant,
    })
    .meta({ id: 'RecordedReceipt' }),
)
export type RecordedReceipt = z.infer<typeof RecordedReceipt>
export const EXAMPLE_MANAGED_PAYMENT = {
  id: EXAMPLE_PAYMENT_ID,
  orderId: EXAMPLE_ORDER_ID,
  provider: 'sandbox',
  status: 'pending',
  amount: { amount: 30_000, currency: 'KES' },
  reference: EXAMPLE_PAYMENT_ID,
  attention: 'sandbox has not confirmed it yet.',
  message: null,
  next: null,
  until: null,
  checks: 7,
  nextCheckAt: null,
  dismissed: null,
  createdAt: '2026-11-20T17:00:00.000Z',
  updatedAt: '2026-11-20T18:00:12.000Z',
}
export const EXAMPLE_RECORDED_RECEIPT = {
  paymentId: EXAMPLE_MANAGED_PAYMENT.id,
  orderId: EXAMPLE_MANAGED_PAYMENT.orderId,
  reference: 'KCB-884213',
  amount: EXAMPLE_MANAGED_PAYMENT.amount,
  recordedAt: '2026-11-20T17:20:00.000Z',
}

/** Example request bodies, by the names of their schemas. */
export const BODIES = {
  RecordReceipt: { reference: EXAMPLE_RECORDED_RECEIPT.reference, amount: EXAMPLE_RECORDED_RECEIPT.amount },
  Reason: { reason: 'The statement does not list this payment, and the buyer did not pay.' },
}
