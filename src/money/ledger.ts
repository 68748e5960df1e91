/**
 * The ledger. A transfer moves money from one account (credited) to another (debited) and never changes, so all accounts
 * sum to zero by construction. Its key says why it happened, so that it happens once.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import type { Provider } from './provider-name.ts'
import { transfers } from './schema.ts'

/** Names of accounts. Assets grow by debit; debts grow by credit. */
export const account = {
  /** Our money at a provider. */
  cash: (provider: Provider) => `cash:${provider}`,
  /** What changed hands by hand for an organisation. Below zero, it paid out of its own pocket. */
  cashByHand: (organisationId: string) => `cash:manual:${organisationId}`,
  /** Paid by customers and not yet earned. */
  deposits: 'deposits',
  /** Earned by the tickets of a raffle or of a ticket type. A raffle's draw settles them. */
  takings: (itemId: string) => `takings:${itemId}`,
  /** Earned by an organisation's shop. */
  shop: (organisationId: string) => `shop:${organisationId}`,
  /** Owed back to customers. */
  refunds: 'refunds',
  /** What providers kept of captures for themselves. */
  fees: 'fees',
  /** The platform's share. */
  rake: 'rake',
  /** Cash prizes that a raffle owes to its winners. */
  prizes: (raffleId: string) => `prizes:${raffleId}`,
  /** What is left for an organisation. */
  organiser: (organisationId: string) => `organiser:${organisationId}`,
  /** Reversals by providers, until it is known who bears them. */
  disputes: 'disputes',
} as const

/** The account that a payment by this provider goes into or comes from. Nobody's word fills a till of ours. */
export const tillOf = (provider: Provider, organisationId: string): string =>
  provider === 'manual' ? account.cashByHand(organisationId) : account.cash(provider)

export interface Transfer {
  /** Why: `receipt:sandbox:…`, `order:…`, `refund:…:paid`. Unique with `part`, so that a repeat changes nothing. */
  transactionId: string
  part: number
  debit: string
  credit: string
  currency: string
  /** Above 0: the table refuses a transfer of nothing. */
  amount: number
  orderId?: string
  raffleId?: string
  /** The organisation whose claim on the till of `provider` it changes. With a `raffleId`, the one of the raffle. */
  organisationId?: string
  provider?: Provider
}

/** A statement to batch with the cause of the transfers. It inserts those that do not exist yet, if `guard` holds. */
export function insertTransfers(ctx: Ctx, rows: Transfer[], guard: SQL = sql`true`) {
  return ctx.db
    .insert(transfers)
    .select(sql`
      SELECT value->>'transactionId', value->>'part', value->>'debit', value->>'credit', value->>'currency',
             value->>'amount', value->>'orderId', value->>'raffleId', ${ctx.now},
             value->>'organisationId', value->>'provider'
      FROM json_each(${JSON.stringify(rows)}) WHERE ${guard}`)
    .onConflictDoNothing()
}
