/** Winners, one row per prize unit and attempt (the newest attempt of a unit counts), and the notices to all holders. */

import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { PostalAddress } from '../core/postal-address.ts'

export const WINNER_STATUSES = [
  'announced',
  'claimed',
  'paid',
  'delivered',
  'declined',
  'expired',
  'disqualified',
] as const
export type WinnerStatus = (typeof WINNER_STATUSES)[number]

export const winners = sqliteTable(
  'winners',
  {
    id: text().primaryKey(),
    raffleId: text().notNull(),
    attempt: integer().notNull(),
    /** `<rank>#<copy>`, both from 1. */
    unit: text().notNull(),
    number: integer().notNull(),
    userId: text().notNull(),
    reservationId: text().notNull(),
    status: text({ enum: WINNER_STATUSES }).notNull().default('announced'),
    announcedAt: integer().notNull(),
    claimBy: integer().notNull(),
    claimedAt: integer(),
    deliveryAddress: text({ mode: 'json' }).$type<PostalAddress>(),
    /** Why the winner was disqualified; published. */
    reason: text(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check(
      'winners_status',
      sql`status IN ('announced', 'claimed', 'paid', 'delivered', 'declined', 'expired', 'disqualified')`,
    ),
    uniqueIndex('winners_unit').on(table.raffleId, table.attempt, table.unit),
    index('winners_user').on(table.userId, table.id),
    index('winners_announced').on(table.announcedAt, table.id),
    index('winners_claim').on(table.claimBy).where(sql`status = 'announced'`),
  ],
)

export type WinnerRow = typeof winners.$inferSelect

export const NOTICE_KINDS = ['commitment', 'lost'] as const

/** Notices to all ticket holders of a raffle, sent page by page over as many sweeps as needed. */
export const notices = sqliteTable(
  'notices',
  {
    raffleId: text().notNull(),
    kind: text({ enum: NOTICE_KINDS }).notNull(),
    /** The pool's reservation up to which holders were notified. */
    cursor: integer().notNull().default(0),
    /** When to continue; null once everybody was notified. */
    dueAt: integer(),
    createdAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.raffleId, table.kind] }),
    index('notices_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type NoticeRow = typeof notices.$inferSelect
