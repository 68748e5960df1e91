/**
 * Winners, one row per prize unit and attempt (the newest attempt of a unit counts), the proposals to disqualify them, and
 * the notices to all holders.
 */

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
  // The lottery corrected its result, which decides anew.
  'void',
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
    /** Why the winner was disqualified, or why the result was corrected; published. */
    reason: text(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check(
      'winners_status',
      sql`status IN ('announced', 'claimed', 'paid', 'delivered', 'declined', 'expired', 'disqualified', 'void')`,
    ),
    uniqueIndex('winners_unit').on(table.raffleId, table.attempt, table.unit),
    index('winners_user').on(table.userId, table.id),
    index('winners_announced').on(table.announcedAt, table.id),
    index('winners_claim').on(table.claimBy).where(sql`status = 'announced'`),
  ],
)

export type WinnerRow = typeof winners.$inferSelect

const DISQUALIFICATION_STATUSES = ['proposed', 'confirmed', 'withdrawn'] as const

/**
 * Proposals to disqualify winners: at most one by each person, so that nobody can block a prize again and again. Nothing
 * marks a lapse: a proposal waits for a decision while it is `proposed` and `lapsesAt` is ahead.
 */
export const disqualifications = sqliteTable(
  'disqualifications',
  {
    winnerId: text().notNull(),
    proposedBy: text().notNull(),
    /** Published once it is confirmed. */
    reason: text().notNull(),
    status: text({ enum: DISQUALIFICATION_STATUSES }).notNull(),
    proposedAt: integer().notNull(),
    lapsesAt: integer().notNull(),
    /** Who confirmed or withdrew it. */
    decidedBy: text(),
    decidedAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.winnerId, table.proposedBy] }),
    check('disqualifications_status', sql`status IN ('proposed', 'confirmed', 'withdrawn')`),
    check('disqualifications_two_people', sql`status <> 'confirmed' OR decided_by <> proposed_by`),
    index('disqualifications_open').on(table.lapsesAt).where(sql`status = 'proposed'`),
  ],
)
export type DisqualificationRow = typeof disqualifications.$inferSelect

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
