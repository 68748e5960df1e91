/** The table of changes that the search index follows. Only triggers write it: see decision 37. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

/**
 * A row for each change of what a search finds or shows. The newest row is never deleted, so its number only grows, unless
 * the database is restored.
 */
export const searchChanges = sqliteTable('search_changes', {
  seq: integer().primaryKey(),
  /** The id of the event, raffle or product. */
  itemId: text().notNull(),
  at: integer().notNull(),
})
