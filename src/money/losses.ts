/**
 * The ledger keys of losses. A loss is money that a payer's bank took back while its tickets stay in a draw. The
 * organisation bears it until the raffle is cancelled. It is a transfer between the organiser's account and `disputes`.
 */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'

/** The key of a loss. It names the refund that could not take the tickets back, or that took them back later. */
export const lossOf = (organisationId: string, refundId: string): string =>
  `loss:${organisationId}:${refundId}`

/** The same in SQL, of columns. */
export const lossOfSql = (organisationId: SQLWrapper, refundId: SQLWrapper): SQL =>
  sql`'loss:' || ${organisationId} || ':' || ${refundId}`

/** Whether a transfer is such a loss. A range on its key uses the index: `;` is the character after `:`. */
export const isLossOf = (organisationId: string): SQL =>
  sql`(transaction_id > ${lossOf(organisationId, '')} AND transaction_id < ${`loss:${organisationId};`})`
