/**
 * An order's whole history: the stored events, and those that its rows tell by themselves. The order tells when it was
 * placed and issued, and its receipts tell what was received, so neither is written a second time. Pure.
 */
import { receiptKey } from '../money/receipt-key.ts'
import type { ReceiptRow } from '../money/schema.ts'
import { historyText } from './history-text.ts'
import { isProof } from './proof-order.ts'
import type { OrderLineRow, OrderRow, orderEvents } from './schema.ts'

export type HistoryEvent = Pick<typeof orderEvents.$inferSelect, 'key' | 'at' | 'text'>

/** Oldest first. `stored`: in their order. Of events with one time, those of the rows come first. */
export function wholeHistory(
  { order, lines }: { order: OrderRow; lines: readonly OrderLineRow[] },
  receipts: readonly ReceiptRow[] = [],
  stored: readonly HistoryEvent[] = [],
): HistoryEvent[] {
  const known = new Set(stored.map(({ key }) => key))
  const told = [
    placed(order),
    ...receipts.map((receipt) => received(receipt, known)),
    ...issued(order, lines),
  ]
  // Earlier versions stored all of them.
  const fresh = told.filter(({ key }) => !known.has(key))
  // Its reservation cannot end, because it has none.
  const shown = isProof(order) ? stored.filter(({ key }) => key !== 'expired' && key !== 'cancelled') : stored
  return [...fresh, ...shown].sort((a, b) => a.at - b.at)
}

const placed = (order: OrderRow): HistoryEvent => ({
  key: 'placed',
  at: order.createdAt,
  text: isProof(order) ? historyText.proving(order) : historyText.placed(order),
})

/** A receipt number that became known later has an event of its own. */
function received(receipt: ReceiptRow, known: ReadonlySet<string>): HistoryEvent {
  const { provider, at, amount, currency, receiptNumber } = receipt
  const key = receiptKey(receipt)
  const isTold = receiptNumber === null || known.has(`number:${key}`)
  const sum = { amount, currency, ...(isTold ? {} : { receiptNumber }) }
  return { key: `receipt:${key}`, at, text: historyText.received(sum, provider) }
}

function issued({ settledAt, amount }: OrderRow, lines: readonly OrderLineRow[]): HistoryEvent[] {
  const sold = lines.filter(({ state }) => state === 'issued' || state === 'refunded')
  if (settledAt === null || sold.length === 0) return []
  return [{ key: 'issued', at: settledAt, text: historyText.issued(sold, amount === 0) }]
}
