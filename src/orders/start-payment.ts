/** Asks the provider for the money of a payment that is written down; asked again, it is the same payment there. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { providerOf } from '../money/providers/index.ts'
import type { Started } from '../money/providers/port.ts'
import { type PaymentRow, payments } from '../money/schema.ts'

const RETRY_AFTER_SECONDS = 5

export async function startPayment(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const { reference, action } = await ask(ctx, payment)
  const started = { ...payment, status: 'pending', reference, action, updatedAt: ctx.now } as const
  await withRetry(() =>
    ctx.db
      .update(payments)
      .set({ status: 'pending', reference, action, updatedAt: ctx.now })
      .where(and(eq(payments.id, payment.id), eq(payments.status, 'starting'))),
  )
  return started
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
