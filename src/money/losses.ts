/**
 * Losses: what a payer's bank took back of tickets that stay in a draw, which their organisation bears until the raffle is
 * cancelled. Transfers between its account and `disputes`, found again by their keys.
 */
import { type SQL, sql } from 'drizzle-orm'

/** Of the refund by which its tickets would have gone back, or by which they did later. */
export const lossOf = (organisationId: string, refundId: string): string =>
  `loss:${organisationId}:${refundId}`

/** Of a transfer: a range of its key, whose end is the character after the colon. */
export const isLossOf = (organisationId: string): SQL =>
  sql`(transaction_id > ${lossOf(organisationId, '')} AND transaction_id < ${`loss:${organisationId};`})`
