/**
 * Lotteries, the draws that they hold, what sources say that a draw's numbers are, and the results that count. Times are
 * milliseconds; dates are days in the lottery's own time zone.
 */
import { sql } from 'drizzle-orm'
import { check, index, integer, primaryKey, sqliteTable, text, uniqueIndex } from 'drizzle-orm/sqlite-core'
import type { Cadence } from '../core/cadence.ts'

export const LOTTERY_STATUSES = ['active', 'archived'] as const

export const lotteries = sqliteTable(
  'lotteries',
  {
    id: text().primaryKey(),
    name: text().notNull(),
    /** ISO 3166-1 alpha-2. */
    country: text().notNull(),
    cadence: text({ mode: 'json' }).$type<Cadence>().notNull(),
    /** The official time of its draws, on the wall clock of `timeZone`. */
    time: text().notNull(),
    timeZone: text().notNull(),
    /** How many numbers a draw publishes, and of how many digits. They never change. */
    numbersPerDraw: integer().notNull(),
    digits: integer().notNull(),
    /** Where results are fetched; null: they are only recorded. */
    resultsUrl: text(),
    /** The user who set `resultsUrl`, and so answers for what is fetched there. */
    resultsUrlBy: text(),
    status: text({ enum: LOTTERY_STATUSES }).notNull().default('active'),
    /** Grows with every change: of two concurrent changes, the second fails its guard. */
    revision: integer().notNull().default(1),
    /** The next draw: when it is held, the sweep begins to wait for its result. Null: none, or it is archived. */
    nextDate: text(),
    nextDrawAt: integer(),
    createdAt: integer().notNull(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    check('lotteries_status', sql`status IN ('active', 'archived')`),
    check('lotteries_numbers', sql`numbers_per_draw BETWEEN 1 AND 20 AND digits BETWEEN 1 AND 6`),
    index('lotteries_by_status').on(table.status, table.id),
    index('lotteries_by_country').on(table.status, table.country, table.id),
    index('lotteries_next_draw').on(table.nextDrawAt).where(sql`next_draw_at IS NOT NULL`),
  ],
)
export type LotteryRow = typeof lotteries.$inferSelect

/** What an admin should look at: no record, a record or a skip that waits for a second person, or sources that disagree. */
export const ATTENTIONS = ['missing', 'unconfirmed', 'unconfirmed_skip', 'conflict', 'difference'] as const
export type Attention = (typeof ATTENTIONS)[number]

/** Why the last fetch brought no numbers. */
export const FETCH_PROBLEMS = [
  'address_refused',
  'unreachable',
  'timed_out',
  'redirected',
  'failed',
  'not_json',
  'too_large',
  'wrong_shape',
  'other_date',
  // Who set its address is no longer an administrator.
  'nobody_answers',
  // Who set its address has tickets of a raffle on the draw.
  'has_tickets',
] as const
export type FetchProblem = (typeof FETCH_PROBLEMS)[number]

/** Draws that were held: made by the sweep at the official time, or with the first record. */
export const lotteryDraws = sqliteTable(
  'lottery_draws',
  {
    lotteryId: text()
      .notNull()
      .references(() => lotteries.id),
    date: text().notNull(),
    /** The official time. */
    drawAt: integer().notNull(),
    /** Grows with every change of the draw or its records: see `change-draw.ts`. */
    version: integer().notNull().default(1),
    /** How many results count: the first and its corrections. */
    results: integer().notNull().default(0),
    /** When the latest result was confirmed. */
    confirmedAt: integer(),
    attention: text({ enum: ATTENTIONS }),
    /** When the results page is fetched next; null: not any more. */
    dueAt: integer(),
    /** How often it was fetched for this draw, or since the latest result. */
    fetches: integer().notNull().default(0),
    fetchProblem: text({ enum: FETCH_PROBLEMS }),
    /** Why the draw is not held, such as a holiday; null: nobody says so. */
    skipReason: text(),
    /** The admin who says so, and another one who agrees: from then on no result is awaited. */
    skippedBy: text(),
    skipConfirmedBy: text(),
    updatedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.lotteryId, table.date] }),
    index('lottery_draws_due').on(table.dueAt).where(sql`due_at IS NOT NULL`),
    index('lottery_draws_awaited').on(table.drawAt).where(sql`results = 0 AND skip_reason IS NULL`),
    index('lottery_draws_attention').on(table.drawAt).where(sql`attention IS NOT NULL`),
  ],
)
export type LotteryDrawRow = typeof lotteryDraws.$inferSelect

export const RECORD_ORIGINS = ['person', 'page'] as const
export type RecordOrigin = (typeof RECORD_ORIGINS)[number]

export const RECORD_STATUSES = ['pending', 'confirmed', 'rejected', 'withdrawn'] as const
export type RecordStatus = (typeof RECORD_STATUSES)[number]

/** What one source says that a draw's numbers are. Its numbers never change; a trigger refuses it. */
export const lotteryRecords = sqliteTable(
  'lottery_records',
  {
    id: text().primaryKey(),
    lotteryId: text().notNull(),
    date: text().notNull(),
    /** Typed in by a person, or fetched from the results page. */
    origin: text({ enum: RECORD_ORIGINS }).notNull(),
    /** The user who answers for it: who recorded it, or who set the address of the page. */
    author: text().notNull(),
    numbers: text({ mode: 'json' }).$type<string[]>().notNull(),
    /** The address where the numbers were read. */
    source: text().notNull(),
    /** Why the result that counts is wrong; null: there was none. */
    reason: text(),
    status: text({ enum: RECORD_STATUSES }).notNull().default('pending'),
    recordedAt: integer().notNull(),
    /** The user who answers for the decision. */
    decidedBy: text(),
    decidedAt: integer(),
  },
  (table) => [
    check('lottery_records_status', sql`status IN ('pending', 'confirmed', 'rejected', 'withdrawn')`),
    check('lottery_records_two_people', sql`status <> 'confirmed' OR coalesce(decided_by, author) <> author`),
    index('lottery_records_draw').on(table.lotteryId, table.date, table.id),
    uniqueIndex('lottery_records_person')
      .on(table.lotteryId, table.date, table.author)
      .where(sql`status = 'pending' AND origin = 'person'`),
    uniqueIndex('lottery_records_page')
      .on(table.lotteryId, table.date)
      .where(sql`status = 'pending' AND origin = 'page'`),
  ],
)
export type LotteryRecordRow = typeof lotteryRecords.$inferSelect

/**
 * The results that count: revision 0 is the first, each later one a correction of the one before. Rows are only added;
 * triggers refuse updates and deletes.
 */
export const lotteryResults = sqliteTable(
  'lottery_results',
  {
    lotteryId: text().notNull(),
    date: text().notNull(),
    revision: integer().notNull(),
    recordId: text().notNull(),
    /** In the lottery's own order, with leading zeros. */
    numbers: text({ mode: 'json' }).$type<string[]>().notNull(),
    source: text().notNull(),
    /** Why the result before is wrong; null for the first. */
    reason: text(),
    confirmedAt: integer().notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.lotteryId, table.date, table.revision] }),
    check('lottery_results_reason', sql`(revision = 0) = (reason IS NULL)`),
  ],
)
export type LotteryResultRow = typeof lotteryResults.$inferSelect
