/**
 * The transfers of a draw. The announcement splits the takings into rake, prizes and the organisation's part. The
 * settlement returns unpaid prizes to the organisation. Both are statements to batch with their step.
 */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { formatMoney } from '../core/money.ts'
import { account, insertTransfers, type Transfer } from '../money/ledger.ts'
import type { Provider } from '../money/provider-name.ts'
import { transfers } from '../money/schema.ts'
import { settleTakings } from '../raffles/economics.ts'
import { isStillDecided } from '../raffles/prize-stock.ts'
import { type RaffleRow, raffles } from '../raffles/schema.ts'

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

interface Taken {
  provider: Provider
  /** Less refunds. */
  taken: number
}

/** How much of a raffle's takings each provider took. It is final once the list is committed. */
export const takingsByProvider = (ctx: Ctx, raffleId: string): Promise<Taken[]> =>
  ctx.db.all(sql`
    SELECT provider, sum(iif(credit = ${account.takings(raffleId)}, amount, -amount)) AS taken
    FROM ${transfers} WHERE ${transfers.raffleId} = ${raffleId} AND provider IS NOT NULL
      AND ${account.takings(raffleId)} IN (debit, credit) AND ${transfers.transactionId} <> ${drawOf(raffleId)}
    GROUP BY provider HAVING taken > 0 ORDER BY provider`)

/** Splits the takings into rake, prizes and the organisation's part; it owes any shortfall. A repeat changes nothing. */
export function insertDraw(ctx: Ctx, raffle: RaffleRow, sold: number, by: Taken[]) {
  const { takings, rake, prizes, organiser } = settleTakings(raffle, sold)
  const from = account.takings(raffle.id)
  const toPrizes = account.prizes(raffle.id)
  const ours = account.organiser(raffle.organisationId)
  const [first, ...more] = splitRake(rake, by)
  const { organisationId } = raffle
  return insertTransfers(
    ctx,
    transfersOf(raffle, drawOf(raffle.id), [
      [from, account.rake, first?.amount ?? rake, first && { organisationId, provider: first.provider }],
      [from, toPrizes, Math.min(prizes, takings - rake)],
      [from, ours, organiser],
      [ours, toPrizes, -organiser],
      ...more.map(({ provider, amount }): Move => [from, account.rake, amount, { organisationId, provider }]),
    ]),
  )
}

/** Each provider's till bears the rake of what it took. The parts add up to the rake. */
function splitRake(rake: number, by: Taken[]) {
  const total = BigInt(by.reduce((sum, { taken }) => sum + taken, 0))
  let soFar = 0n
  let split = 0
  return by.map(({ provider, taken }) => {
    soFar += BigInt(taken)
    const upTo = Number((BigInt(rake) * soFar) / total)
    const part = { provider, amount: upTo - split }
    split = upTo
    return part
  })
}

/** Returns the unpaid prizes to the organisation; needs the transfers of the draw. A repeat changes nothing. */
export function insertSettlement(ctx: Ctx, raffle: RaffleRow, sold: number, paidUnits: Iterable<string>) {
  const { unwon } = settleTakings(raffle, sold, paidUnits)
  const drawn = sql`EXISTS (SELECT 1 FROM ${transfers} WHERE transaction_id = ${drawOf(raffle.id)})
    AND EXISTS (SELECT 1 FROM ${raffles} WHERE ${isStillDecided(raffle)})`
  const rows = transfersOf(raffle, `settle:${raffle.id}`, [
    [account.prizes(raffle.id), account.organiser(raffle.organisationId), unwon],
  ])
  return insertTransfers(ctx, rows, drawn)
}

/** Leaves out moves of zero or less; `part` is a move's position in the list, so it never depends on the others. */
const transfersOf = (raffle: RaffleRow, transactionId: string, moves: Move[]): Transfer[] =>
  moves.flatMap(([debit, credit, amount, claim], part) => {
    const { id: raffleId, priceCurrency: currency } = raffle
    return amount <= 0 ? [] : [{ transactionId, part, debit, credit, currency, amount, raffleId, ...claim }]
  })

type Move = [
  debit: string,
  credit: string,
  amount: number,
  claim?: Pick<Transfer, 'organisationId' | 'provider'>,
]
