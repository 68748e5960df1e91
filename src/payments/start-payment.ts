/**
 * Asks the provider for the money of a payment that is written down. Asked again, it is the same payment there; one that
 * would ask its payer twice is asked once in its life, even if the answer is lost.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { providerOf } from '../money/providers/index.ts'
import type { PaymentProvider, Started } from '../money/providers/port.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { failPayment } from './fail-payment.ts'
import { stopPayment } from './stop-payment.ts'

const RETRY_AFTER_SECONDS = 5

/** Answers the payment as it stands then: pending or failed, unless something else came first. */
export async function startPayment(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const provider = providerOf(payment.provider)
  const started = provider.startsOnce
    ? await askOnce(ctx, provider, payment)
    : await ask(ctx, provider, payment)
  if (started === null) return noteUnanswered(ctx, payment)
  if (started.status === 'refused') return failPayment(ctx, payment, started.reason, { isFinal: true })
  const { reference, action } = started
  const [pending] = await withRetry(() => pend(ctx, payment, { reference, action }))
  return pending ?? overtaken(ctx, payment.id, started)
}

/** The payment is written down: whoever repeats the request, or the sweep, asks again. */
async function ask(ctx: Ctx, provider: PaymentProvider, payment: PaymentRow): Promise<Started> {
  try {
    return await provider.start(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment could not be started', { paymentId: payment.id, error })
    throw new Problem(
      'unavailable',
      `${payment.provider} cannot be reached. Your numbers are held: ask again with the same Idempotency-Key.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    )
  }
}

/** Null: it was asked, now or before, and nobody knows whether it heard. */
async function askOnce(ctx: Ctx, provider: PaymentProvider, payment: PaymentRow): Promise<Started | null> {
  // No retry: if the answer of this very statement is lost, nobody may ask.
  const [mine] = await ctx.db
    .update(payments)
    .set({ askedAt: ctx.now })
    .where(and(eq(payments.id, payment.id), isNull(payments.askedAt)))
    .returning({ id: payments.id })
  if (mine === undefined) return null
  try {
    return await provider.start(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment may have been started', { paymentId: payment.id, error })
    return null
  }
}

/** It stays to be decided: by what the provider tells, or by a person. The payer may try again, knowing of this one. */
async function noteUnanswered(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const { id, orderId, provider } = payment
  const message = historyText.unanswered(provider)
  const isLost = sql`EXISTS (SELECT 1 FROM ${payments}
    WHERE ${payments.id} = ${id} AND ${payments.status} = 'pending' AND ${payments.reference} IS NULL)`
  const [, , [noted]] = await withRetry(() =>
    ctx.db.batch([
      pend(ctx, payment, { reference: null, action: { kind: 'prompt', checkoutUrl: null, message } }),
      insertOrderEvent(ctx, orderId, `unanswered:${id}`, message, isLost),
      ctx.db.select().from(payments).where(eq(payments.id, id)),
    ]),
  )
  return noted!
}

const pend = (ctx: Ctx, { id }: PaymentRow, answer: Pick<PaymentRow, 'reference' | 'action'>) =>
  ctx.db
    .update(payments)
    .set({ ...answer, status: 'pending', updatedAt: ctx.now })
    .where(and(eq(payments.id, id), eq(payments.status, 'starting')))
    .returning()

/**
 * While the provider was asked somebody else started it, or its order was paid or ended: of an order that is over, what
 * was just started is stopped again. Its reference is kept all the same, as money may come by it.
 */
async function overtaken(
  ctx: Ctx,
  id: string,
  { reference, action }: Pick<PaymentRow, 'reference' | 'action'>,
): Promise<PaymentRow> {
  const [present] = await withRetry(() =>
    ctx.db.update(payments).set({ reference, action }).where(eq(payments.id, id)).returning(),
  )
  if (present!.status === 'expired') await stopPayment(ctx, present!)
  return present!
}
