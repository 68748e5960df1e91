/** The ledger key of a top-up: the same statement reference is booked once. */
import type { SQL } from 'drizzle-orm'
import { sql } from 'drizzle-orm'

export const transactionOf = (organisationId: string, reference: string) =>
  `top-up:${organisationId}:${reference}`

/** Of a transfer: a range of its key, whose end is the character after the colon. */
export const isTopUpOf = (organisationId: string): SQL =>
  sql`(transaction_id > ${transactionOf(organisationId, '')} AND transaction_id < ${`top-up:${organisationId};`})`
