/** The ledger rows of a settlement: deposits become takings, and money that pays for nothing becomes a refund. */
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { Transfer } from '../money/ledger.ts'
import { account, insertTransfers } from '../money/ledger.ts'
import { receiptKey } from '../money/receipt-key.ts'
import { insertRefund } from '../money/refund-rows.ts'
import type { ReceiptRow } from '../money/schema.ts'
import { insertOrderEvent } from '../orders/history.ts'
import { historyText } from '../orders/history-text.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import type { OrderLineRow, OrderRow } from '../orders/schema.ts'

/** Parts of an order's transaction: issued lines are parts 0 to 19, lost lines start at 100. */
const LOST_PART = 100

const EXCESS_PART = 200

export function settlement(
  orderId: string,
  { currency, provider }: ReceiptRow,
  issued: OrderLineRow[],
  lost: OrderLineRow[],
  excess: number,
): Transfer[] {
  const transactionId = `order:${orderId}`
  const from = { transactionId, debit: account.deposits, currency, orderId }
  const rows: Transfer[] = issued.map((line) => {
    const { account: credit, raffleId } = linePort(line.kind).takings(line)
    const claim = { organisationId: line.organisationId, provider }
    return { ...from, part: line.line, credit, amount: amountOf([line]), raffleId, ...claim }
  })
  for (const line of lost) {
    const { raffleId } = linePort(line.kind).takings(line)
    const part = LOST_PART + line.line
    rows.push({ ...from, part, credit: account.refunds, amount: amountOf([line]), raffleId })
  }
  if (excess > 0) rows.push({ ...from, part: EXCESS_PART, credit: account.refunds, amount: excess })
  return rows
}

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
