/** The search database: the index, and how far it is. It is a copy, and can be made anew at any time. */
import { type SQL, sql } from 'drizzle-orm'
import { SQLiteAsyncDialect } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../core/context.ts'
import { type Database, openDatabase } from '../core/database.ts'

export const searchDatabase = (ctx: Ctx): Database => openDatabase(ctx.env.SEARCH)

export interface Progress {
  /** Grows with each rebuild. */
  pass: number
  /** The last change that is in the index; null: it must be rebuilt. */
  clock: number | null
  /** Where the rebuild is; null: none is under way. */
  walk: string | null
}

export async function readProgress(ctx: Ctx): Promise<Progress> {
  const progress = await searchDatabase(ctx).get<Progress | undefined>(
    sql`SELECT pass, clock, walk FROM progress`,
  )
  if (progress === undefined) throw new Error('the search database has no row of progress')
  return progress
}

const dialect = new SQLiteAsyncDialect()

/** Runs statements in one transaction, and returns the rows of each. Drizzle's own batch takes no plain SQL. */
export async function runTogether<Row>(ctx: Ctx, statements: readonly SQL[]): Promise<Row[][]> {
  const { SEARCH } = ctx.env
  const results = await SEARCH.batch<Row>(
    statements.map((statement) => {
      const { sql: text, params } = dialect.sqlToQuery(statement)
      return SEARCH.prepare(text).bind(...params)
    }),
  )
  return results.map(({ results: rows }) => rows)
}
