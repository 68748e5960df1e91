/** Finds a refund by its id, or by its order and key. */
import { and, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type RefundRow, refunds } from '../money/schema.ts'

export async function findRefund(ctx: Ctx, id: string): Promise<RefundRow> {
  const refund = await ctx.db.select().from(refunds).where(eq(refunds.id, id)).get()
  if (refund === undefined) throw notFound('refund')
  return refund
}

export const findRefundByKey = (ctx: Ctx, orderId: string, key: string): Promise<RefundRow | undefined> =>
  ctx.db
    .select()
    .from(refunds)
    .where(and(eq(refunds.orderId, orderId), eq(refunds.key, key)))
    .get()
