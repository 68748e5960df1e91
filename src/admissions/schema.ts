/**
 * The tables of admissions. Times are milliseconds. Those whose primary key has two columns were made WITHOUT ROWID, so that
 * key is the table.
 */
import { sql } from 'drizzle-orm'
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'

/** Who comes with an admission. An admission of which nothing is to say has no row. */
export const attendees = sqliteTable(
  'attendees',
  {
    reservationId: text().notNull(),
    number: integer().notNull(),
    name: text().notNull(),
    /** The folded name: see `core/fold.ts`. */
    folded: text().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.reservationId, table.number] })],
)

/** A check-in that still counts: neither undone, nor a scan that came after another. The indexes below use this very text. */
export const COUNTS = sql`undone_at IS NULL AND conflict_with IS NULL`

/** One row for each scan that let somebody in, be it wrongly. Rows are only added; an undo fills its three columns once. */
export const checkIns = sqliteTable(
  'check_ins',
  {
    eventId: text().notNull(),
    id: text().notNull(),
    ticketTypeId: text().notNull(),
    reservationId: text().notNull(),
    number: integer().notNull(),
    /** The place in the pool of the reservation in which the number was first sold: it stays when the ticket is passed on. */
    firstSeq: integer().notNull(),
    scannedAt: integer().notNull(),
    receivedAt: integer().notNull(),
    /** The member who scanned. */
    by: text().notNull(),
    gate: text(),
    /** The scanner's own name for this scan, so that it can be sent again. */
    scanId: text(),
    /**
     * The check-in that came first; null: this one did. Its own id: the ticket had gone, and nobody was in with it. Only
     * scanners that were offline let in a ticket twice, or one that had gone.
     */
    conflictWith: text(),
    undoneAt: integer(),
    undoneBy: text(),
    undoneReason: text(),
  },
  (table) => [
    primaryKey({ columns: [table.eventId, table.id] }),
    // A number that is sold again after a refund is another ticket.
    uniqueIndex('check_ins_once').on(table.ticketTypeId, table.number, table.firstSeq).where(COUNTS),
    uniqueIndex('check_ins_scan').on(table.eventId, table.scanId).where(sql`scan_id IS NOT NULL`),
    index('check_ins_conflicts').on(table.eventId, table.id).where(sql`conflict_with IS NOT NULL`),
  ],
)
export type CheckInRow = typeof checkIns.$inferSelect

/** Whether the ticket was still sold to whoever came with it, or somebody was in with it before. */
export const wasValid = ({ id, conflictWith }: CheckInRow): boolean => conflictWith !== id

export const TRANSFER_STATES = [
  'open',
  'accepting',
  'accepted',
  'declined',
  'cancelled',
  'expired',
  'failed',
] as const

/** An admission that somebody offers to the owner of an address. `accepting`: the pool is about to move it. */
export const ticketTransfers = sqliteTable(
  'ticket_transfers',
  {
    id: text().primaryKey(),
    eventId: text().notNull(),
    ticketTypeId: text().notNull(),
    reservationId: text().notNull(),
    number: integer().notNull(),
    fromUser: text().notNull(),
    /** In the form of `users.email`; null once the offer has ended. */
    email: text(),
    state: text({ enum: TRANSFER_STATES }).notNull(),
    /** Who accepted or declined it. */
    toUser: text(),
    /** The reservation that the acceptance made. */
    newReservationId: text(),
    createdAt: integer().notNull(),
    expiresAt: integer().notNull(),
    /** When the sweep must act: at the expiry, or to finish an acceptance. Null: it has ended. */
    dueAt: integer(),
  },
  (table) => [
    uniqueIndex('ticket_transfers_open').on(table.reservationId, table.number).where(sql`due_at IS NOT NULL`),
    uniqueIndex('ticket_transfers_made')
      .on(table.newReservationId)
      .where(sql`new_reservation_id IS NOT NULL`),
    index('ticket_transfers_out').on(table.fromUser, table.id),
    index('ticket_transfers_in').on(table.email, table.id).where(sql`email IS NOT NULL`),
    index('ticket_transfers_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
  ],
)
export type TransferRow = typeof ticketTransfers.$inferSelect

/**
 * Free tickets that a holder gives back. Written before the pool voids them, and kept for a while: a gate may have asked the
 * pool before.
 */
export const ticketReturns = sqliteTable(
  'ticket_returns',
  {
    reservationId: text().notNull(),
    id: text().notNull(),
    numbers: text({ mode: 'json' }).$type<number[]>().notNull(),
    /** When the sweep must go on. Null: they are void. */
    dueAt: integer(),
    /** When they were void; null: not yet. */
    settledAt: integer(),
  },
  (table) => [
    primaryKey({ columns: [table.reservationId, table.id] }),
    index('ticket_returns_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('ticket_returns_settled').on(table.settledAt).where(sql`settled_at IS NOT NULL`),
  ],
)
export type ReturnRow = typeof ticketReturns.$inferSelect
