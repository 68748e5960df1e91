/**
 * The ledger: money moves from one account (credited) to another (debited) in transfers that are never changed, so that
 * it sums to zero by construction. A transfer's key says why it happened, which makes it happen once.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Provider } from './provider-name.ts'
import { transfers } from './schema.ts'

/** Names of accounts. Assets grow by debit; everything that is owed to somebody grows by credit. */
export const account = {
  /** What we have at a provider. */
  cash: (provider: Provider) => `cash:${provider}`,
  /** Paid by customers and not yet earned. */
  deposits: 'deposits',
  /** Earned by a raffle's tickets, until its draw settles it. */
  takings: (raffleId: string) => `takings:${raffleId}`,
  /** Earned by an organisation's shop. */
  shop: (organisationId: string) => `shop:${organisationId}`,
  /** Owed back to customers. */
  refunds: 'refunds',
  /** What providers have kept of captures for themselves. */
  fees: 'fees',
  /** The platform's share. */
  rake: 'rake',
  /** Cash prizes that a raffle owes to its winners. */
  prizes: (raffleId: string) => `prizes:${raffleId}`,
  /** What is left for an organisation. */
  organiser: (organisationId: string) => `organiser:${organisationId}`,
  /** Taken back by providers after it had arrived, until it is known who bears it. */
  disputes: 'disputes',
} as const

export interface Transfer {
  /** Why: `receipt:sandbox:…`, `order:…`, `refund:…:paid`. With `part` unique, so that a repeat changes nothing. */
  transactionId: string
  part: number
  debit: string
  credit: string
  currency: string
  /** Above 0; a transfer of nothing is none and must not be asked for. */
  amount: number
  orderId?: string
  raffleId?: string
}

/** A statement, to be batched with what caused them, that writes `rows` unless they are there; where `guard` holds. */
export function insertTransfers(ctx: Ctx, rows: Transfer[], guard: SQL = sql`true`) {
  return ctx.db
    .insert(transfers)
    .select(sql`
      SELECT value->>'transactionId', value->>'part', value->>'debit', value->>'credit', value->>'currency',
             value->>'amount', value->>'orderId', value->>'raffleId', ${ctx.now}
      FROM json_each(${JSON.stringify(rows)}) WHERE ${guard}`)
    .onConflictDoNothing()
}
