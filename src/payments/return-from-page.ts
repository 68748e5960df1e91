/** A payer comes back from a provider's page. That proves nothing, so the provider is asked before anything is shown. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { isReturnToken } from '../money/return-address.ts'
import { whyNotReturnTo } from '../money/return-url.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { waysOf } from '../orders/accepted-providers.ts'
import type { WaysToPay } from '../orders/payment-advice.ts'
import { type OrderRow, orders } from '../orders/schema.ts'
import { reconcilePayment } from './reconcile-payment.ts'

export interface Returned {
  payment: PaymentRow
  order: OrderRow
  /** For another try; undefined: it needs none. */
  ways: WaysToPay | undefined
  /** Where the shop wants its payer; null: nowhere, or at an address that is not allowed any more. */
  returnUrl: string | null
}

export async function returnFromPage(
  ctx: Ctx,
  { id, token }: { id: string; token: string },
): Promise<Returned> {
  if (!isReturnToken(ctx.settings, id, token)) throw notFound('payment')
  const before = await findPayment(ctx, id)
  // An open payment is polled. One that has ended does not change by somebody's return.
  if (before.status === 'pending') await reconcileOrLog(ctx, before)
  const payment = await findPayment(ctx, id)
  const order = await ctx.db.select().from(orders).where(eq(orders.id, payment.orderId)).get()
  const { returnUrl } = payment
  const isAllowed = returnUrl !== null && whyNotReturnTo(ctx.settings, returnUrl) === null
  const ways = (await waysOf(ctx, [{ order: order!, payment }])).get(payment.orderId)
  return { payment, order: order!, ways, returnUrl: isAllowed ? new URL(returnUrl).href : null }
}

async function findPayment(ctx: Ctx, id: string): Promise<PaymentRow> {
  const payment = await ctx.db.select().from(payments).where(eq(payments.id, id)).get()
  if (payment === undefined) throw notFound('payment')
  return payment
}

/** The payer is shown what is known, even if settling fails: the sweep goes on. */
async function reconcileOrLog(ctx: Ctx, payment: PaymentRow): Promise<void> {
  try {
    await reconcilePayment(ctx, payment, { mayStart: false })
  } catch (error) {
    ctx.log.error('a returning payer’s payment was not reconciled', { paymentId: payment.id, error })
  }
}
