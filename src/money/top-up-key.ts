/** The ledger key of a top-up: one reference on the statement is booked once. */
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

export const transactionOf = (organisationId: string, reference: string) =>
  `top-up:${organisationId}:${reference}`

/** Whether a transfer is such a top-up. A range on its key uses the index: `;` is the character after `:`. */
export const isTopUpOf = (organisationId: string): SQL =>
  sql`(transaction_id > ${transactionOf(organisationId, '')} AND transaction_id < ${`top-up:${organisationId};`})`
