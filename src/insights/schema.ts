/** The table of the last sweep: a single row. Times are milliseconds. */
import { integer, sqliteTable } from 'drizzle-orm/sqlite-core'

export const sweeps = sqliteTable('sweeps', {
  id: integer().primaryKey(),
  startedAt: integer().notNull(),
  finishedAt: integer().notNull(),
  /** The number of raffles that were due but could not continue. */
  overdue: integer().notNull(),
})
