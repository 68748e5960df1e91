/**
 * An order that sells nothing: its payment proves that a phone is the user's, and goes back. It has no lines, and whatever
 * arrives for it is refunded.
 */
import { type SQL, sql } from 'drizzle-orm'
import { systemKey } from '../core/idempotency.ts'
import { type OrderRow, orders } from './schema.ts'

const PREFIX = systemKey('proof ')

/** `attempt`: how many the payout method had before. So two requests at once are one order. */
export const proofKey = (methodId: string, attempt: number): string => `${PREFIX}${methodId} ${attempt}`

export const isProof = ({ key }: Pick<OrderRow, 'key'>): boolean => key.startsWith(PREFIX)

/** The same in a statement on `orders`. */
export const isProofSql: SQL = sql`${orders.key} GLOB ${`${PREFIX}*`}`

/** The proofs of one payout method. */
export const isProofOf = (methodId: string): SQL => sql`${orders.key} GLOB ${`${PREFIX}${methodId} *`}`
