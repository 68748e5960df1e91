/** The ledger rows of a settlement: deposits become takings; the price of lost lines and any excess become refunds. */
import type { Transfer } from '../money/ledger.ts'
import { account } from '../money/ledger.ts'
import type { ReceiptRow } from '../money/schema.ts'
import { amountOf } from '../orders/line-amounts.ts'
import { linePort } from '../orders/lines/index.ts'
import type { OrderLineRow } from '../orders/schema.ts'

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
  // The line of a free admission moves no money.
  return rows.filter(({ amount }) => amount > 0)
}
