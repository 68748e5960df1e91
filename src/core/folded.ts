/**
 * Columns of folded text. Whoever writes a row writes them too. Rows that were written by another version have none:
 * a trigger clears a column whose source changed alone, lists use the text itself meanwhile, and the sweep folds it.
 */
import { type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from './context.ts'
import { type Swept, sweepRows } from './sweep-rows.ts'

/** A table gets little time: nothing waits for it, and other jobs do. */
const MAX_PASS_MS = 2_000

interface FoldedTable<Source> {
  table: SQLiteTable
  /** The kind of row, for the log. */
  name: string
  /** What the text is made of, as it is selected: `title, tags`. */
  source: SQL
  foldedOf(row: Source): string
}

/** Folds the rows that have no folded text, in the order of their ids. */
export const foldRows = <Source>(
  ctx: Ctx,
  { table, name, source, foldedOf }: FoldedTable<Source>,
): Promise<Swept> =>
  sweepRows(ctx, {
    name: `folded text of a ${name}`,
    page: (limit) =>
      ctx.db.all<Source & { id: string; updatedAt: number }>(sql`
        SELECT id, updated_at AS updatedAt, ${source} FROM ${table} WHERE folded IS NULL ORDER BY id LIMIT ${limit}`),
    // Race: a writer may change the row between the two statements. Then its time differs, and it is still due.
    one: (row) =>
      ctx.db.run(sql`UPDATE ${table} SET folded = ${foldedOf(row)}
        WHERE id = ${row.id} AND folded IS NULL AND updated_at = ${row.updatedAt}`),
    maxPassMs: MAX_PASS_MS,
  })
