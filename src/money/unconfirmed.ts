/**
 * A refund or payout that was sent and that its provider does not confirm. An administrator may record its outcome, but
 * not while a request to the provider is under way: `attention` is null then.
 */
import { and, eq, isNotNull, ne, type SQL } from 'drizzle-orm'
import type { PayoutRow, payouts, RefundRow, refunds } from './schema.ts'

type Sendable =
  | Pick<RefundRow, 'provider' | 'status' | 'attention'>
  | Pick<PayoutRow, 'provider' | 'status' | 'attention'>

export const isUnconfirmed = ({ provider, status, attention }: Sendable): boolean =>
  provider !== 'manual' && status === 'sent' && attention !== null

/** The same of a row of `refunds` or `payouts`, as a guard of the statement that records the outcome. */
export const isUnconfirmedSql = (table: typeof refunds | typeof payouts): SQL =>
  and(ne(table.provider, 'manual'), eq(table.status, 'sent'), isNotNull(table.attention))!
