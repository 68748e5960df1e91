/** Grants: the entries that orders or admissions have earned in raffles, one row for each and raffle. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** `waiting` → `granted` → `revoked`, or `waiting` → `refused`, or `waiting` → `revoked`. */
export const GRANT_STATUSES = ['waiting', 'granted', 'revoked', 'refused'] as const

export const grants = sqliteTable(
  'grants',
  {
    raffleId: text().notNull(),
    /** The shop's own reference of the order; for our own shop, the order's id; for an admission, see `admissionRef`. */
    orderRef: text().notNull(),
    organisationId: text().notNull(),
    /** The owner of the entries; null while the grant waits for the owner of its address. */
    userId: text(),
    /** SHA-256 of the address that it was granted to, to recognise a repeat; null if a user was named. */
    emailHash: text(),
    /** The address itself, only while the grant waits for its owner. */
    email: text(),
    /** The amount of the order, in minor units of the raffle's currency; 1 for an admission. */
    amount: integer().notNull(),
    /** How many entries it earns; 0 until it has an owner. The pool is never called while it is 0. */
    entries: integer().notNull().default(0),
    /** The same as `user_id` if the rule lets each person earn only once; else null. */
    once: text(),
    reservationId: text(),
    status: text({ enum: GRANT_STATUSES }).notNull().default('waiting'),
    /** Why it was refused or revoked, in words. */
    reason: text(),
    /** When its revocation was requested; the next request or sweep carries it out. */
    revokeAskedAt: integer(),
    /** `<API key id>:<Idempotency-Key>` (older rows: the Idempotency-Key alone); null for our own shop. */
    key: text(),
    /** When the sweep must check it; null once nothing is left to do. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
    /** Why its revocation was requested, in words; null: its order was refunded. */
    revokeReason: text(),
  },
  (table) => [
    primaryKey({ columns: [table.raffleId, table.orderRef] }),
    check('grants_status', sql`status IN ('waiting', 'granted', 'revoked', 'refused')`),
    check('grants_amount', sql`amount > 0 AND entries >= 0`),
    check('grants_person', sql`user_id IS NOT NULL OR email_hash IS NOT NULL`),
    uniqueIndex('grants_once').on(table.raffleId, table.once).where(sql`once IS NOT NULL`),
    uniqueIndex('grants_key').on(table.raffleId, table.key).where(sql`"key" IS NOT NULL`),
    index('grants_order').on(table.orderRef),
    index('grants_user').on(table.userId).where(sql`user_id IS NOT NULL`),
    index('grants_email').on(table.email).where(sql`email IS NOT NULL`),
    index('grants_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type GrantRow = typeof grants.$inferSelect

/**
 * How far a raffle whose entries are earned by admissions has read the changes of a ticket type's pool. So each change is
 * read once, and a crash reads it again.
 */
export const admissionCursors = sqliteTable(
  'admission_cursors',
  {
    raffleId: text().notNull(),
    pool: text().notNull(),
    seq: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.raffleId, table.pool] })],
)
