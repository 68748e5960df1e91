/** Winners: one row a prize unit that an attempt gave to a ticket. The newest attempt of a unit decides. */
import { sql } from 'drizzle-orm'
import { check, index, integer, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

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

export interface DeliveryAddress {
  name: string
  lines: string[]
  city: string
  postcode?: string
  country: string
  phone?: string
}

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
    deliveryAddress: text({ mode: 'json' }).$type<DeliveryAddress>(),
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
  ],
)

export type WinnerRow = typeof winners.$inferSelect
