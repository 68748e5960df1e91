/** The projection of the pools in D1. It can be rebuilt, and only `projection.ts` writes it. */
import { sql } from 'drizzle-orm'
import { customType, index, integer, primaryKey, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { CloseReason } from '../rdp1/commitment.ts'
import { OPEN_TO_ALL } from './entry-terms.ts'
import type { AnyAttempt, Cancellation, Commitment, PoolState, ReservationState } from './pool-contract.ts'
import type { Terms } from './terms.ts'

/** Older rows have no kind, as there were only raffles, and no terms about persons. */
const termsText = customType<{ data: Terms; driverData: string }>({
  dataType: () => 'text',
  toDriver: (terms) => JSON.stringify(terms),
  fromDriver: (json) => Object.assign({ kind: 'raffle', ...OPEN_TO_ALL }, JSON.parse(json)) as Terms,
})

/** One row for each pool: its whole state. A newer `seq` replaces an older one. */
export const pools = sqliteTable(
  'pools',
  {
    pool: text().primaryKey(),
    /** The id of the raffle or ticket type. */
    itemId: text('raffle_id').notNull().unique('pools_raffleId_unique'),
    seq: integer().notNull(),
    termsVersion: integer().notNull(),
    terms: termsText().notNull(),
    total: integer().notNull(),
    sold: integer().notNull(),
    held: integer().notNull(),
    /** How many people wait for tickets. */
    waiting: integer().notNull().default(0),
    /** Of a capacity group: see `PoolState`. */
    seatTypes: text({ mode: 'json' }).$type<PoolState['seatTypes']>(),
    closedAt: integer(),
    closeReason: text().$type<CloseReason>(),
    /** 0: a ticket type, which never freezes. */
    freezeAt: integer().notNull(),
    /** Unix seconds; 0: a ticket type, which is never drawn. */
    effectiveDrawAt: integer().notNull(),
    logSize: integer().notNull(),
    logRoot: text().notNull(),
    commitment: text({ mode: 'json' }).$type<Commitment>(),
    cancellation: text({ mode: 'json' }).$type<Cancellation>(),
    /** When the sweep must act: see `PoolState`. */
    dueAt: integer(),
  },
  (table) => [
    index('pools_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('pools_waiting').on(table.pool).where(sql`waiting > 0`),
  ],
)

/** One row for each reservation, found by its holder. The table has no rowid, so that a purchase writes one row. */
export const reservations = sqliteTable(
  'reservations',
  {
    holder: text().notNull(),
    id: text().notNull(),
    pool: text().notNull(),
    /** The `seq` of its latest change. */
    seq: integer().notNull(),
    state: text().$type<ReservationState>().notNull(),
    numbers: text({ mode: 'json' }).$type<number[]>().notNull(),
    at: integer().notNull(),
    issuedAt: integer(),
    heldUntil: integer(),
    /** The numbers that are valid in other reservations, to which they were transferred; null: none. */
    moved: text({ mode: 'json' }).$type<number[]>(),
  },
  (table) => [primaryKey({ columns: [table.holder, table.id] })],
)

/** The published draw and redraws. */
export const attempts = sqliteTable(
  'attempts',
  {
    pool: text().notNull(),
    attempt: integer().notNull(),
    seq: integer().notNull(),
    record: text({ mode: 'json' }).$type<AnyAttempt>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.pool, table.attempt] })],
)
