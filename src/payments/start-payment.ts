/**
 * Starts a payment at its provider: in the batch that inserts it if that calls nobody, else afterwards. A repeat with the same id starts nothing new there. A provider that would prompt the payer
 * twice is called at most once for a payment, even if its answer is lost.
 */
import { and, eq, isNull, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
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

export interface NewStart {
  /** The row to insert: `pending` if it is started by the batch, else `starting`. */
  payment: PaymentRow
  /** For the same batch, after the payment's insert. */
  statements: BatchItem<'sqlite'>[]
}

/** Prepares a payment that is not inserted yet. */
export function prepareStart(ctx: Ctx, payment: PaymentRow): NewStart {
  const { startLocally } = providerOf(payment.provider)
  if (startLocally === null) return { payment, statements: [] }
  const { reference, action, statements } = startLocally(ctx, payment)
  return { payment: { ...payment, reference, action, status: 'pending' }, statements }
}

/** Starts a payment that was just inserted, unless its batch did. Returns it as `startPayment` does. */
export const finishStart = async (ctx: Ctx, { payment }: NewStart): Promise<PaymentRow> =>
  payment.status === 'starting' ? startPayment(ctx, payment) : payment

/** Returns the present row: pending or failed, unless something else happened first. */
export async function startPayment(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const provider = providerOf(payment.provider)
  const started = provider.startsOnce
    ? await callOnce(ctx, provider, payment)
    : await callProvider(ctx, provider, payment)
  if (started === null) return recordUnanswered(ctx, payment)
  if (started.status === 'refused') return failPayment(ctx, payment, started.reason, { isFinal: true })
  const { reference, action } = started
  const [pending] = await withRetry(() => markPending(ctx, payment, { reference, action }))
  return pending ?? finishLateStart(ctx, payment.id, started)
}

/** If the call fails, a repeat of the request or the sweep starts the payment, because it is stored already. */
async function callProvider(ctx: Ctx, provider: PaymentProvider, payment: PaymentRow): Promise<Started> {
  try {
    return await provider.start(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment could not be started', { paymentId: payment.id, error })
    throw new Problem(
      'unavailable',
      `${payment.provider} cannot be reached. Your order is held: try again with the same Idempotency-Key.`,
      { retryAfterSeconds: RETRY_AFTER_SECONDS },
    )
  }
}

/** Null: the provider was called, now or before, and it is unknown whether the call arrived. */
async function callOnce(ctx: Ctx, provider: PaymentProvider, payment: PaymentRow): Promise<Started | null> {
  // No retry: if the result of this statement is lost, nobody may call the provider, because another call may be under way.
  const [claimed] = await ctx.db
    .update(payments)
    .set({ askedAt: ctx.now })
    .where(and(eq(payments.id, payment.id), isNull(payments.askedAt)))
    .returning({ id: payments.id })
  if (claimed === undefined) return null
  try {
    return await provider.start(ctx, payment)
  } catch (error) {
    ctx.log.error('a payment may have been started', { paymentId: payment.id, error })
    return null
  }
}

/** The outcome stays open until the provider reports it or a person decides. The payer sees that, and may try again. */
async function recordUnanswered(ctx: Ctx, payment: PaymentRow): Promise<PaymentRow> {
  const { id, orderId, provider } = payment
  const message = historyText.unanswered(provider)
  const isLost = sql`EXISTS (SELECT 1 FROM ${payments}
    WHERE ${payments.id} = ${id} AND ${payments.status} = 'pending' AND ${payments.reference} IS NULL)`
  const [, , [present]] = await withRetry(() =>
    ctx.db.batch([
      markPending(ctx, payment, { reference: null, action: { kind: 'prompt', checkoutUrl: null, message } }),
      insertOrderEvent(ctx, orderId, `unanswered:${id}`, message, isLost),
      ctx.db.select().from(payments).where(eq(payments.id, id)),
    ]),
  )
  return present!
}

const markPending = (ctx: Ctx, { id }: PaymentRow, answer: Pick<PaymentRow, 'reference' | 'action'>) =>
  ctx.db
    .update(payments)
    .set({ ...answer, status: 'pending', updatedAt: ctx.now })
    .where(and(eq(payments.id, id), eq(payments.status, 'starting')))
    .returning()

/**
 * While the provider was called, another call started the payment, or the order was paid or ended. If the payment has
 * expired by now, it is stopped again. Its reference is kept, because money may still arrive by it.
 */
async function finishLateStart(
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
