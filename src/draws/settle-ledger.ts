/**
 * How a draw moves a raffle's money: at the announcement takings become rake, prizes and what is left for the
 * organisation; when the raffle is settled, prizes that nobody is paid go back. Statements to be batched with the step.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import { transfers } from '../money/schema.ts'
import { settleTakings } from '../raffles/economics.ts'
import type { RaffleRow } from '../raffles/schema.ts'

const drawOf = (raffleId: string) => `draw:${raffleId}`

/** What a raffle's tickets have brought in by the ledger, less what was refunded; whether it was drawn or not. */
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
 * Why the draw cannot be accounted for yet, or null. From the commitment on no ticket is sold or refunded, so what
 * the ledger still lacks is an order (or a refund) under way, which the sweep finishes.
 */
export async function whyNotAccountable(ctx: Ctx, raffle: RaffleRow, sold: number): Promise<string | null> {
  if (raffle.priceAmount === 0) return null
  const expected = raffle.priceAmount * sold
  const ledger = await takingsInLedger(ctx, raffle.id)
  if (ledger === expected) return null
  return `the ledger has takings of ${ledger} where ${sold} tickets make ${expected}: orders are being settled`
}

/** Takings to rake, prizes and organisation; the organisation owes what takings do not cover. A repeat changes nothing. */
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

/** Prizes that were not won, or whose winner is gone, back to the organisation; where the raffle is not settled yet. */
export function insertSettlement(ctx: Ctx, raffle: RaffleRow, sold: number, paidUnits: Iterable<string>) {
  const { unwon } = settleTakings(raffle, sold, paidUnits)
  const drawn = sql`EXISTS (SELECT 1 FROM ${transfers} WHERE transaction_id = ${drawOf(raffle.id)})`
  const rows = transfersOf(raffle, `settle:${raffle.id}`, [
    [account.prizes(raffle.id), account.organiser(raffle.organisationId), unwon],
  ])
  return insertTransfers(ctx, rows, drawn)
}

/** Nothing is no transfer; each keeps its part, whatever the others are. */
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
