/** What the ledger says once a refund is paid: its sum by the raffles whose tickets it was for, as it came to be owed. */
import { asc, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { account, type Transfer } from '../money/ledger.ts'
import type { RefundRow } from '../money/schema.ts'
import type { Provider } from '../raffles/contract.ts'
import { linePort } from './line-port.ts'
import { type OrderLineRow, orderLines } from './schema.ts'

type RaffleId = string | undefined

/** `by`: who paid it, whoever had taken the money. The same each time: it reads only what does not change any more. */
export async function paidTransfers(ctx: Ctx, refund: RefundRow, by: Provider): Promise<Transfer[]> {
  const { id, orderId, currency } = refund
  const lines = await ctx.db
    .select()
    .from(orderLines)
    .where(eq(orderLines.orderId, orderId))
    .orderBy(asc(orderLines.line))
  const from = { transactionId: `refund:${id}:paid`, debit: account.refunds, credit: account.cash(by) }
  return [...byRaffle(refund, lines)].map(([raffleId, amount], part) => ({
    ...from,
    part,
    currency,
    amount,
    orderId,
    raffleId,
  }))
}

/** What was too much, or paid twice, is of no raffle. */
function byRaffle(refund: RefundRow, lines: OrderLineRow[]): Map<RaffleId, number> {
  const sums = new Map<RaffleId, number>()
  const add = (row: OrderLineRow, amount: number) => {
    const { raffleId } = linePort(row.kind).takings(row)
    sums.set(raffleId, (sums.get(raffleId) ?? 0) + amount)
  }
  for (const { line, numbers } of refund.lines) {
    const row = lines.find((each) => each.line === line)!
    // Without numbers it is all that was left of its one line.
    add(row, numbers.length === 0 ? refund.amount : row.unitAmount * numbers.length)
  }
  const lost = refund.key === 'lost' ? lines.filter(({ state }) => state === 'lost') : []
  for (const row of lost) add(row, row.unitAmount * row.quantity)
  return sums.size === 0 ? sums.set(undefined, refund.amount) : sums
}
