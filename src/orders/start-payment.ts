/** Asks the provider for the money of a payment that is written down; asked again, it is the same payment there. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Started } from '../money/providers/port.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { stopPayment } from './stop-payment.ts'

const RETRY_AFTER_SECONDS = 5

/** Answers the payment as it stands then: pending, unless something else came first. */
export async function startPayment(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const { reference, action } = await ask(ctx, payment)
  const [started] = await withRetry(() =>
    ctx.db
      .update(payments)
      .set({ status: 'pending', reference, action, updatedAt: ctx.now })
      .where(and(eq(payments.id, payment.id), eq(payments.status, 'starting')))
      .returning(),
  )
  return started ?? overtaken(ctx, payment.id, { reference, action })
}

/**
 * While the provider was asked somebody else started it, or its order was paid or ended: of an order that is over, what
 * was just started is stopped again. Its reference is kept all the same, as money may come by it.
 */
async function overtaken(ctx: Ctx, id: string, { reference, action }: Started): Promise<PaymentRow> {
  const [present] = await withRetry(() =>
    ctx.db.update(payments).set({ reference, action }).where(eq(payments.id, id)).returning(),
  )
  if (present!.status === 'expired') await stopPayment(ctx, present!)
  return present!
}

/** The payment is written down: whoever repeats the request, or the sweep, asks again. */
async function ask(ctx: Ctx, payment: PaymentRow): Promise<Started> {
  try {
    return await providerOf(payment.provider).start(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment could not be started', { paymentId: payment.id, error })
    throw new Problem(
      'unavailable',
      `${payment.provider} cannot be reached. Your numbers are held: ask again with the same Idempotency-Key.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    )
  }
}
