/** One row that says when the sweep last ran. */
import { integer, sqliteTable } from 'drizzle-orm/sqlite-core'

export const sweeps = sqliteTable('sweeps', {
  id: integer().primaryKey(),
  startedAt: integer().notNull(),
  finishedAt: integer().notNull(),
  /** Raffles that were due and could not be taken on. */
  overdue: integer().notNull(),
})
