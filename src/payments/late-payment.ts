/**
 * What a late payment becomes. The first receipt that covers the price settles its order, even after the order expired.
 * Then `settle-order.ts` issues the units that are still free and refunds the others. Every other receipt is refunded here.
 */
import { and, ne, sql } from 'drizzle-orm'
import { users } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import { receiptKey } from '../money/receipt-key.ts'
import { insertRefund } from '../money/refund-rows.ts'
import type { ReceiptRow } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { isProof, isProofSql } from '../orders/proof-order.ts'
import { type OrderRow, orders } from '../orders/schema.ts'

/**
 * An expired order may be paid late, but a cancel is final, and a suspended buyer pays for nothing. What proves a phone
 * pays for nothing either. Money and a cancel or
 * a suspension may come at the same moment. That is safe: each statement checks what the other sets, and D1 runs one
 * after the other.
 */
export const mayStillBePaid = and(
  ne(orders.status, 'cancelled'),
  sql`NOT ${isProofSql}`,
  sql`NOT EXISTS (SELECT 1 FROM ${users} WHERE ${users.id} = ${orders.userId} AND ${users.status} = 'suspended')`,
)!

/**
 * Refunds a receipt that pays for nothing: the order was cancelled or already paid, its buyer was suspended, or the sum is
 * too small. Idempotent.
 */
export async function refundReceipt(ctx: Ctx, order: OrderRow, receipt: ReceiptRow): Promise<void> {
  const { provider, reference, paymentId, amount, currency } = receipt
  const key = `return:${receiptKey(receipt)}`
  const reason = whyReturned(order, receipt)
  const transfer: Transfer = {
    transactionId: key,
    part: 0,
    debit: account.deposits,
    credit: account.refunds,
    currency,
    amount,
    orderId: order.id,
  }
  await withRetry(() =>
    ctx.db.batch([
      insertTransfers(ctx, [transfer]),
      insertRefund(ctx, {
        orderId: order.id,
        key,
        request: '',
        provider,
        paymentId,
        receipt: reference,
        amount,
        currency,
        reason,
        lines: [],
        status: 'due',
      }),
      insertOrderEvent(ctx, order.id, key, reason),
    ]),
  )
}

function whyReturned(order: OrderRow, receipt: ReceiptRow): string {
  const { cancelled, wrong, twice, notAccepted, proof } = historyText.returned
  if (isProof(order)) return proof(receipt)
  if (order.status === 'cancelled') return cancelled(receipt)
  const isWrong = receipt.amount < order.amount || receipt.currency !== order.currency
  if (isWrong) return wrong(receipt, order)
  return order.receipt === null ? notAccepted(receipt) : twice(receipt)
}
