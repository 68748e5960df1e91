/**
 * The transfers of a draw. The announcement splits the takings into rake, prizes and the organisation's part. The
 * settlement returns unpaid prizes to the organisation. Both are statements to batch with their step.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { formatMoney } from '../core/money.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import { transfers } from '../money/schema.ts'
import { settleTakings } from '../raffles/economics.ts'
import type { RaffleRow } from '../raffles/schema.ts'

const drawOf = (raffleId: string) => `draw:${raffleId}`

/** A raffle's takings in the ledger, less refunds, in minor units; the same before and after the draw. */
export async function takingsInLedger(ctx: Ctx, raffleId: string): Promise<number> {
  const takings = account.takings(raffleId)
  const row = await ctx.db.get<{ amount: number }>(sql`
    SELECT coalesce(sum(CASE WHEN ${transfers.credit} = ${takings} THEN ${transfers.amount}
                             ELSE -${transfers.amount} END), 0) AS amount
    FROM ${transfers}
    WHERE ${transfers.raffleId} = ${raffleId} AND ${takings} IN (${transfers.debit}, ${transfers.credit})
      AND ${transfers.transactionId} <> ${drawOf(raffleId)}`)
  return row.amount
}

/**
 * Why the ledger does not match the sold tickets yet; null if it does. After the commitment no ticket is sold or
 * refunded, so a difference is an order or refund under way, which the sweep finishes.
 */
export async function whyNotAccountable(ctx: Ctx, raffle: RaffleRow, sold: number): Promise<string | null> {
  if (raffle.priceAmount === 0) return null
  const expected = raffle.priceAmount * sold
  const ledger = await takingsInLedger(ctx, raffle.id)
  if (ledger === expected) return null
  const sum = (amount: number) => formatMoney({ amount, currency: raffle.priceCurrency })
  return `the ledger has takings of ${sum(ledger)}, but ${sold} tickets make ${sum(expected)}: orders are being settled`
}

/** Splits the takings into rake, prizes and the organisation's part; it owes any shortfall. A repeat changes nothing. */
export function insertDraw(ctx: Ctx, raffle: RaffleRow, sold: number) {
  const { takings, rake, prizes, organiser } = settleTakings(raffle, sold)
  const from = account.takings(raffle.id)
  const toPrizes = account.prizes(raffle.id)
  const ours = account.organiser(raffle.organisationId)
  return insertTransfers(
    ctx,
    transfersOf(raffle, drawOf(raffle.id), [
      [from, account.rake, rake],
      [from, toPrizes, Math.min(prizes, takings - rake)],
      [from, ours, organiser],
      [ours, toPrizes, -organiser],
    ]),
  )
}

/** Returns the unpaid prizes to the organisation; needs the transfers of the draw. A repeat changes nothing. */
export function insertSettlement(ctx: Ctx, raffle: RaffleRow, sold: number, paidUnits: Iterable<string>) {
  const { unwon } = settleTakings(raffle, sold, paidUnits)
  const drawn = sql`EXISTS (SELECT 1 FROM ${transfers} WHERE transaction_id = ${drawOf(raffle.id)})`
  const rows = transfersOf(raffle, `settle:${raffle.id}`, [
    [account.prizes(raffle.id), account.organiser(raffle.organisationId), unwon],
  ])
  return insertTransfers(ctx, rows, drawn)
}

/** Leaves out moves of zero or less; `part` is a move's position in the list, so it never depends on the others. */
const transfersOf = (
  raffle: RaffleRow,
  transactionId: string,
  moves: [debit: string, credit: string, amount: number][],
): Transfer[] =>
  moves.flatMap(([debit, credit, amount], part) =>
    amount <= 0
      ? []
      : [{ transactionId, part, debit, credit, currency: raffle.priceCurrency, amount, raffleId: raffle.id }],
  )
