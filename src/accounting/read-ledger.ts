/** Reads the trial balance and the transfers: of the whole ledger for admins, of one raffle for its organisation. */
import { and, asc, eq, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { type Cell, csvStream } from '../core/csv-stream.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { toInstant } from '../core/time.ts'
import { type TransferRow, transfers } from '../money/schema.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { LedgerQuery, ListTransfers, Transfer, TrialBalance } from './ledger-contract.ts'

const ROWS_A_CHUNK = 1_000

async function requireReader(ctx: Ctx, { raffleId }: LedgerQuery): Promise<void> {
  if (raffleId === undefined) await requireAdmin(ctx)
  else await findRaffleFor(ctx, raffleId, 'reports:read')
}

/** Debits and credits of every account. They balance by construction, and this checks it. */
export async function trialBalance(ctx: Ctx, query: LedgerQuery): Promise<TrialBalance> {
  await requireReader(ctx, query)
  const only = query.raffleId === undefined ? sql`true` : sql`raffle_id = ${query.raffleId}`
  const data = await ctx.db.all<TrialBalance['data'][number]>(sql`
    SELECT account, currency, sum(debit) AS debit, sum(credit) AS credit FROM (
      SELECT debit AS account, currency, amount AS debit, 0 AS credit FROM ${transfers} WHERE ${only}
      UNION ALL
      SELECT credit, currency, 0, amount FROM ${transfers} WHERE ${only}
    ) GROUP BY account, currency ORDER BY account, currency`)
  const differences = new Map<string, number>()
  for (const { currency, debit, credit } of data) {
    differences.set(currency, (differences.get(currency) ?? 0) + debit - credit)
  }
  return { data, balanced: [...differences.values()].every((difference) => difference === 0) }
}

/** In the order of their times, the newest last. */
export async function listTransfers(ctx: Ctx, query: ListTransfers): Promise<PageOf<Transfer>> {
  await requireReader(ctx, query)
  const last = readCursor(query.cursor, z.tuple([z.number(), z.string(), z.number()]))
  const rows = await readTransfers(ctx, query, last, query.limit + 1)
  return toPage(rows, query.limit, keyOf, ({ amount, currency, at, ...row }) => ({
    ...row,
    amount: { amount, currency },
    at: toInstant(at),
  }))
}

export const TRIAL_BALANCE_COLUMNS = ['account', 'currency', 'debit', 'credit'] as const

export async function trialBalanceCsv(ctx: Ctx, query: LedgerQuery): Promise<ReadableStream<Uint8Array>> {
  const { data } = await trialBalance(ctx, query)
  const rows = data.map((row) => TRIAL_BALANCE_COLUMNS.map((column) => row[column]))
  return csvStream(TRIAL_BALANCE_COLUMNS, chunksOf(rows))
}

export const TRANSFER_COLUMNS = [
  'at',
  'transactionId',
  'part',
  'debit',
  'credit',
  'currency',
  'amount',
  'orderId',
  'raffleId',
  'organisationId',
  'provider',
] as const

export async function transfersCsv(ctx: Ctx, query: LedgerQuery): Promise<ReadableStream<Uint8Array>> {
  await requireReader(ctx, query)
  return csvStream(TRANSFER_COLUMNS, transferRows(ctx, query))
}

async function* transferRows(ctx: Ctx, query: LedgerQuery): AsyncGenerator<Cell[][]> {
  let last: TransferKey | undefined
  do {
    const rows = await readTransfers(ctx, query, last, ROWS_A_CHUNK)
    last = rows.length < ROWS_A_CHUNK ? undefined : keyOf(rows.at(-1)!)
    yield rows.map((row) =>
      TRANSFER_COLUMNS.map((column) => (column === 'at' ? toInstant(row.at) : row[column])),
    )
  } while (last !== undefined)
}

async function* chunksOf(rows: Cell[][]): AsyncGenerator<Cell[][]> {
  for (let at = 0; at < rows.length; at += ROWS_A_CHUNK) yield rows.slice(at, at + ROWS_A_CHUNK)
}

type TransferKey = [at: number, transactionId: string, part: number]
const keyOf = ({ at, transactionId, part }: TransferRow): TransferKey => [at, transactionId, part]

const readTransfers = (
  ctx: Ctx,
  { raffleId }: LedgerQuery,
  last: TransferKey | undefined,
  limit: number,
): Promise<TransferRow[]> =>
  ctx.db
    .select()
    .from(transfers)
    .where(
      and(
        raffleId === undefined ? undefined : eq(transfers.raffleId, raffleId),
        last === undefined
          ? undefined
          : sql`(${transfers.at}, ${transfers.transactionId}, ${transfers.part}) > (${last[0]}, ${last[1]}, ${last[2]})`,
      ),
    )
    .orderBy(asc(transfers.at), asc(transfers.transactionId), asc(transfers.part))
    .limit(limit)
