/** The tables of admissions. Both were made WITHOUT ROWID, so the primary key is the table. Times are milliseconds. */
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

/** One row for each scan that let somebody in. Rows are only added; an undo fills its three columns once. */
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
    /** The check-in that came first; null: this one did. Only scanners that were offline let in a ticket twice. */
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
