/** Asks the provider for the money of a payment that is written down; asked again, it is the same payment there. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { providerOf } from '../money/providers/index.ts'
import { type PaymentRow, payments } from '../money/schema.ts'

export async function startPayment(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const { reference, action } = await providerOf(payment.provider).start(ctx, payment)
  const started = { ...payment, status: 'pending', reference, action, updatedAt: ctx.now } as const
  await withRetry(() =>
    ctx.db
      .update(payments)
      .set({ status: 'pending', reference, action, updatedAt: ctx.now })
      .where(and(eq(payments.id, payment.id), eq(payments.status, 'starting'))),
  )
  return started
}
