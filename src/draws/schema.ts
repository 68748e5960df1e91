/** Winners, one row a prize unit that an attempt gave to a ticket (the newest attempt of a unit decides), and what all holders are told. */

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
    /** Why it was taken away; published. */
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

/** What everybody who holds tickets of a raffle is told: page by page, over as many sweeps as it takes. */
export const notices = sqliteTable(
  'notices',
  {
    raffleId: text().notNull(),
    kind: text({ enum: NOTICE_KINDS }).notNull(),
    /** Up to which of the pool's reservations they have been told. */
    cursor: integer().notNull().default(0),
    /** When to go on; null: everybody was told. */
    dueAt: integer(),
    createdAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.raffleId, table.kind] }),
    index('notices_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type NoticeRow = typeof notices.$inferSelect
