/** The key by which an order names the receipt that paid it: `provider:reference`, in TypeScript and in SQL. */
import { type SQL, sql } from 'drizzle-orm'
import { type ReceiptRow, receipts } from './schema.ts'

export const receiptKey = ({ provider, reference }: Pick<ReceiptRow, 'provider' | 'reference'>): string =>
  `${provider}:${reference}`

/** What an order that costs nothing names instead of a receipt. So it is paid from the start, and nobody can end it unpaid. */
export const FREE_OF_CHARGE = 'free'

/** The same key for a row of `receipts`. */
export const receiptKeySql: SQL<string> = sql`(${receipts.provider} || ':' || ${receipts.reference})`
