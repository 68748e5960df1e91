/** Grants: what orders have earned in raffles, one row an order and raffle. Times are milliseconds. */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** `waiting` → `granted` → `revoked`, or `waiting` → `refused`, or `waiting` → `revoked`. */
export const GRANT_STATUSES = ['waiting', 'granted', 'revoked', 'refused'] as const
export type GrantStatus = (typeof GRANT_STATUSES)[number]

export const grants = sqliteTable(
  'grants',
  {
    raffleId: text().notNull(),
    /** The shop's own word for the order; of our shop the order's id. */
    orderRef: text().notNull(),
    organisationId: text().notNull(),
    /** Whose entries they are; null while it waits for the owner of an address. */
    userId: text(),
    /** Whom it was granted to, to tell a repeat from another grant: SHA-256 of the address; null where a user was named. */
    emailHash: text(),
    /** The address itself, only while it waits for its owner. */
    email: text(),
    /** What the order came to, in minor units of the raffle's currency. */
    amount: integer().notNull(),
    /** How many it earns; 0 until somebody is there to take them, and before that the pool is never asked. */
    entries: integer().notNull().default(0),
    /** The user again, where the rule lets each person earn once. */
    once: text(),
    reservationId: text(),
    status: text({ enum: GRANT_STATUSES }).notNull().default('waiting'),
    /** Why it was refused or revoked, in words. */
    reason: text(),
    /** When it was asked back; done by whoever comes by next. */
    revokeAskedAt: integer(),
    /** The client's Idempotency-Key after the id of its API key (older rows: alone); null for our own shop's. */
    key: text(),
    /** When the sweep must look at it; null once nothing is left to do. */
    dueAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.raffleId, table.orderRef] }),
    check('grants_status', sql`status IN ('waiting', 'granted', 'revoked', 'refused')`),
    check('grants_amount', sql`amount > 0 AND entries >= 0`),
    check('grants_person', sql`user_id IS NOT NULL OR email_hash IS NOT NULL`),
    uniqueIndex('grants_once').on(table.raffleId, table.once).where(sql`once IS NOT NULL`),
    uniqueIndex('grants_key').on(table.raffleId, table.key).where(sql`"key" IS NOT NULL`),
    index('grants_order').on(table.orderRef),
    index('grants_email').on(table.email).where(sql`email IS NOT NULL`),
    index('grants_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type GrantRow = typeof grants.$inferSelect
