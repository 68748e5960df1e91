/**
 * What a late payment becomes. The first receipt that covers the price settles its order, even after the order has ended.
 * Then `settle-order.ts` issues the units that are still free and refunds the others. Every other receipt is refunded here.
 */
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import { receiptKey } from '../money/receipt-key.ts'
import { insertRefund } from '../money/refund-rows.ts'
import type { ReceiptRow } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import type { OrderRow } from '../orders/schema.ts'

/** Refunds a receipt that pays for nothing: the order was already paid, or the sum is too small. Idempotent. */
export async function refundReceipt(ctx: Ctx, order: OrderRow, receipt: ReceiptRow): Promise<void> {
  const { provider, reference, paymentId, amount, currency } = receipt
  const key = `return:${receiptKey(receipt)}`
  const isWrong = amount < order.amount || currency !== order.currency
  const reason = isWrong ? historyText.returned.wrong(receipt, order) : historyText.returned.twice(receipt)
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
