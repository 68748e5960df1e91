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

/** The end of the key under which a loss is reversed, because the dispute was won. */
export const WON = ':won'

/** Whether that happened to a row of `transfers`, by the name under which a statement reads it. */
export const hasWonBack = (row: SQLWrapper): SQL =>
  sql`EXISTS (SELECT 1 FROM transfers AS won WHERE won.transaction_id = ${row}.transaction_id || ${WON}
    AND won.part = ${row}.part)`
