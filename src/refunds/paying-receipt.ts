/** Finds the receipt that paid for an order. */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Provider } from '../money/provider-name.ts'
import { receiptKeySql } from '../money/receipt-key.ts'
import { receipts } from '../money/schema.ts'
import type { OrderRows } from '../orders/find-order.ts'

/** The receipt that paid for the order: the refund is sent the way the money came. */
export async function payingReceipt(
  ctx: Ctx,
  { order }: OrderRows,
): Promise<{ provider: Provider; paymentId: string; receipt: string }> {
  const receipt = await ctx.db
    .select({ provider: receipts.provider, paymentId: receipts.paymentId, receipt: receipts.reference })
    .from(receipts)
    .where(and(eq(receipts.orderId, order.id), sql`${receiptKeySql} = ${order.receipt}`))
    .get()
  if (receipt === undefined) throw new Error(`order ${order.id} is settled without a receipt`)
  return receipt
}
