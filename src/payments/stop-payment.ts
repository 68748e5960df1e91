/**
 * Stops a payment at its provider, so that nobody can pay it any longer. If that fails, the next poll stops it again.
 * Returns `tooLate` if it was paid just now.
 */
import type { Ctx } from '../core/context.ts'
import { providerOf } from '../money/providers/index.ts'
import type { PaymentRow } from '../money/schema.ts'

export async function stopPayment(ctx: Ctx, payment: PaymentRow): Promise<'stopped' | 'tooLate'> {
  try {
    return await providerOf(payment.provider).stop(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment could not be stopped', { paymentId: payment.id, error })
    return 'stopped'
  }
}
