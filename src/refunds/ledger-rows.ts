/** The ledger rows of a paid refund: its sum, split by raffle in the same way as when it became due. */
import { and, asc, eq, sql } from 'drizzle-orm'
import type { MailData } from '../accounts/mail/kinds.ts'
import type { Ctx } from '../core/context.ts'
import { account, type Transfer, tillOf } from '../money/ledger.ts'
import { hasWonBack, lossOf, lossOfSql } from '../money/losses.ts'
import type { Provider } from '../money/provider-name.ts'
import { isCancelled, isDispute } from '../money/refund-rows.ts'
import { type RefundRow, refunds, transfers } from '../money/schema.ts'
import { amountOf, amountOfUnits } from '../orders/line-amounts.ts'
import { byPort, linePort } from '../orders/lines/index.ts'
import { type OrderLineRow, orderLines } from '../orders/schema.ts'

type RaffleId = string | undefined

/** Who paid a refund: a provider, or the payer's bank, which returned the money before we could. */
export type Payer = Provider | 'bank'

export const linesOf = (ctx: Ctx, orderId: string): Promise<OrderLineRow[]> =>
  ctx.db.select().from(orderLines).where(eq(orderLines.orderId, orderId)).orderBy(asc(orderLines.line))

/** What the mail about a refund says it is for. `cancelled`: what was cancelled; left out if nothing was. */
export function refundedItems(
  refund: RefundRow,
  lines: OrderLineRow[],
): Pick<MailData['refund_paid'], 'items' | 'cancelled'> {
  const parts = partsOf(refund, lines)
  const items = parts.map(({ row: { title }, quantity }) => ({ quantity, title }))
  const cancelled = isCancelled(refund) && parts[0] ? linePort(parts[0].row.kind).words.cancelled : null
  return cancelled === null ? { items } : { items, cancelled }
}

/**
 * `by` may differ from the provider that took the payment. `lines`: of its order. Repeats return the same rows, because
 * the inputs no longer change.
 */
export function paidTransfers(refund: RefundRow, lines: OrderLineRow[], by: Payer): Transfer[] {
  const { id, orderId, currency } = refund
  // Who pays by hand is the organisation whose line is refunded, or the platform if there is none.
  const { organisationId = null } = partsOf(refund, lines)[0]?.row ?? lines[0] ?? {}
  const till = (provider: Provider) =>
    organisationId === null ? account.cash(provider) : tillOf(provider, organisationId)
  const credit = by === 'bank' ? account.disputes : till(by)
  const from = { transactionId: `refund:${id}:paid`, debit: account.refunds, credit }
  const paid = [...byRaffle(refund, lines)].map(([raffleId, amount], part) => ({
    ...from,
    part,
    currency,
    amount,
    orderId,
    raffleId,
  }))
  return by === 'bank' && !isDispute(refund) ? [...paid, ...losses(refund, lines)] : paid
}

/** Reverses the losses that the organisations bore until now for the money that the bank took back. */
const losses = (refund: RefundRow, lines: OrderLineRow[]): Transfer[] =>
  partsOf(refund, lines)
    .filter(({ amount }) => amount > 0)
    .map(({ row, amount }) => ({
      transactionId: lossOf(row.organisationId, refund.id),
      part: row.line,
      debit: account.disputes,
      credit: account.organiser(row.organisationId),
      currency: refund.currency,
      amount,
      orderId: refund.orderId,
      raffleId: raffleOf(row),
      organisationId: row.organisationId,
      provider: refund.provider,
    }))

/**
 * Selects a loss on the lines of a refund. If there is one, the bank has already returned the money to the buyer,
 * unless it took it back because the dispute was won.
 */
export const lossesBefore = (ctx: Ctx, { orderId, lines }: RefundRow) => {
  const named = JSON.stringify(lines.map(({ line }) => line))
  return ctx.db
    .select({ part: transfers.part })
    .from(transfers)
    .where(
      and(
        sql`${transfers.part} IN (SELECT value FROM json_each(${named}))`,
        sql`NOT ${hasWonBack(transfers)}`,
        sql`${transfers.transactionId} IN (
          SELECT ${lossOfSql(orderLines.organisationId, refunds.id)} FROM ${refunds} JOIN ${orderLines}
            ON ${orderLines.orderId} = ${refunds.orderId}
          WHERE ${refunds.orderId} = ${orderId} AND ${refunds.key} > 'dispute:' AND ${refunds.key} < 'dispute;')`,
      ),
    )
    .limit(1)
}

/** The organisations that may have been paid for what is refunded. */
export async function organisationsPaidFor(ctx: Ctx, refund: RefundRow): Promise<Set<string>> {
  if (refund.lines.length === 0) return new Set()
  const lines = await ctx.db.select().from(orderLines).where(eq(orderLines.orderId, refund.orderId))
  const refunded = partsOf(refund, lines).map(({ row }) => row)
  const paidOut = await Promise.all(
    byPort(refunded, ({ kind }) => kind).map(([port, rows]) =>
      port.mayBePaidOut(
        ctx,
        rows.map(({ itemId }) => itemId),
      ),
    ),
  )
  const items = new Set(paidOut.flat())
  return new Set(
    refunded.filter(({ itemId }) => items.has(itemId)).map(({ organisationId }) => organisationId),
  )
}

interface Part {
  row: OrderLineRow
  amount: number
  quantity: number
}

function partsOf(refund: RefundRow, lines: OrderLineRow[]): Part[] {
  const lost = refund.key === 'lost' ? lines.filter(({ state }) => state === 'lost') : []
  return [
    ...refund.lines.map(({ line, numbers }) => {
      const row = lines.find((each) => each.line === line)!
      // A refund without numbers is for all that was left of its only line.
      const { amount } = refund
      return numbers.length === 0
        ? { row, amount, quantity: Math.round(amount / row.unitAmount) }
        : { row, amount: amountOfUnits([{ row, numbers }]), quantity: numbers.length }
    }),
    ...lost.map((row) => ({ row, amount: amountOf([row]), quantity: row.quantity })),
  ]
}

/** Money that was too much or paid twice belongs to no raffle. */
function byRaffle(refund: RefundRow, lines: OrderLineRow[]): Map<RaffleId, number> {
  const sums = new Map<RaffleId, number>()
  for (const { row, amount } of partsOf(refund, lines)) {
    sums.set(raffleOf(row), (sums.get(raffleOf(row)) ?? 0) + amount)
  }
  // A free admission beside them moves no money.
  for (const [raffle, amount] of sums) if (amount === 0) sums.delete(raffle)
  return sums.size === 0 ? sums.set(undefined, refund.amount) : sums
}

const raffleOf = (row: OrderLineRow): RaffleId => linePort(row.kind).takings(row).raffleId
