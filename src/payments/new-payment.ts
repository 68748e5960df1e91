/** Builds the row of a new payment, as it is stored before the provider is called. */
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { FIRST_POLL_MS } from '../money/poll-schedule.ts'
import type { PaymentRow } from '../money/schema.ts'
import type { OrderRow } from '../orders/schema.ts'
import type { PayWith } from './pay-with.ts'

export const newPayment = (
  ctx: Ctx,
  order: Pick<OrderRow, 'id' | 'amount' | 'currency' | 'payUntil'>,
  key: string,
  { provider, phone, returnUrl }: PayWith,
): PaymentRow => ({
  id: newId('payment'),
  orderId: order.id,
  key,
  provider,
  amount: order.amount,
  currency: order.currency,
  status: 'starting',
  reference: null,
  action: null,
  phone: phone ?? null,
  returnUrl: returnUrl ?? null,
  checks: 0,
  dueAt: ctx.now + FIRST_POLL_MS,
  attention: null,
  createdAt: ctx.now,
  updatedAt: ctx.now,
  askedAt: null,
  dismissal: null,
  failure: null,
  payUntil: order.payUntil,
})
