/** Another try to pay for an order, by the same provider or another; the time to pay stays as it is. */
import { eq } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { isUniqueViolation } from '../core/database.ts'
import { invalid, notFound, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { whyNotProvider } from '../money/providers/index.ts'
import { type PaymentRow, payments } from '../money/schema.ts'
import { raffles } from '../raffles/schema.ts'
import type { PayWith } from './contract.ts'
import { findOrder, type OrderRows } from './find-order.ts'
import { newPayment } from './place-order.ts'
import { orderLines } from './schema.ts'
import { startPayment } from './start-payment.ts'

export async function payOrder(ctx: Ctx, id: string, pay: PayWith, key: string): Promise<OrderRows> {
  const { userId } = requireUser(ctx)
  const { order, lines } = await findOrder(ctx, id)
  if (order.userId !== userId) throw notFound('order')
  const earlier = await tryByKey(ctx, id, key)
  if (earlier !== undefined) return again(ctx, { order, lines, payment: earlier }, pay)
  if (order.receipt !== null || order.status !== 'pending') {
    throw new Problem(
      'invalid_state',
      `This order is ${order.receipt === null ? order.status : 'paid'} already.`,
    )
  }
  if (ctx.now >= order.payUntil) {
    throw new Problem('hold_expired', `This order had to be paid by ${toInstant(order.payUntil)}.`)
  }
  await mustAccept(ctx, id, pay)
  const payment = newPayment(ctx, order, key, pay)
  try {
    await ctx.db.insert(payments).values(payment)
  } catch (error) {
    if (!isUniqueViolation(error, 'payments.')) throw error
    return again(ctx, { order, lines, payment: (await tryByKey(ctx, id, key))! }, pay)
  }
  return { order, lines, payment: await startPayment(ctx, payment) }
}

const tryByKey = async (ctx: Ctx, orderId: string, key: string): Promise<PaymentRow | undefined> => {
  const tries = await ctx.db.select().from(payments).where(eq(payments.orderId, orderId))
  return tries.find((each) => each.key === key)
}

async function again(ctx: Ctx, rows: OrderRows, pay: PayWith): Promise<OrderRows> {
  const { payment, order } = rows
  if (payment.provider !== pay.provider || payment.phone !== (pay.phone ?? null)) {
    throw new Problem('idempotency_mismatch', 'This Idempotency-Key was used for another payment.')
  }
  const isOpen = payment.status === 'starting' && order.status === 'pending' && ctx.now < order.payUntil
  return isOpen ? { ...rows, payment: await startPayment(ctx, payment) } : rows
}

async function mustAccept(ctx: Ctx, orderId: string, { provider }: PayWith): Promise<void> {
  const why = whyNotProvider(provider, ctx.settings)
  if (why !== null) throw invalid('provider', why)
  const accepted = await ctx.db
    .select({ title: raffles.title, providers: raffles.providers })
    .from(orderLines)
    .innerJoin(raffles, eq(raffles.id, orderLines.itemId))
    .where(eq(orderLines.orderId, orderId))
  const against = accepted.find((each) => !each.providers.includes(provider))
  if (against === undefined) return
  throw invalid('provider', `“${against.title}” takes payments by ${against.providers.join(', ')} only`)
}
