/** D1 through Drizzle, and when to retry: after a lost connection nobody knows whether a write was made. */
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'

export type Database = DrizzleD1Database

const opened = new WeakMap<D1Database, Database>()

/** The database of a binding: opened once, because it remembers the names of columns. */
export function openDatabase(binding: D1Database): Database {
  const known = opened.get(binding)
  if (known !== undefined) return known
  const database = drizzle(binding, { casing: 'snake_case' })
  opened.set(binding, database)
  return database
}

const prepared = new WeakMap<Database, Map<string, unknown>>()

/**
 * The query that `build` prepares: built once for each database and `shape`, because building a wide query takes 0.3 ms.
 * Two queries of one shape differ only in placeholders. A shape never holds a value from a request.
 */
export function preparedOnce<Query>(database: Database, shape: string, build: () => Query): Query {
  const known = prepared.get(database) ?? new Map<string, unknown>()
  prepared.set(database, known)
  const query = (known.get(shape) as Query | undefined) ?? build()
  known.set(shape, query)
  return query
}

/** D1's messages for transient failures. The platform retries reads by itself, but never writes. */
const TRANSIENT =
  /network connection lost|storage caused object to be reset|reset because its code was updated|cannot resolve d1 db due to transient issue|d1 db is overloaded|internal error|transient/i

const MAX_TRIES = 3
const FIRST_PAUSE_MS = 50

/** D1's own message for a failed statement, without the query builder's wrapper. */
export function databaseReason(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Whether `error` means that another row already has the same unique value (`table.column`). */
export function isUniqueViolation(error: unknown, column: string): boolean {
  const reason = databaseReason(error)
  return reason.includes('UNIQUE constraint failed') && reason.includes(column)
}

/** Whether `error` says that the outcome is unknown, or that D1 is only unreachable for a moment. */
export const isTransient = (error: unknown): boolean => TRANSIENT.test(databaseReason(error))

/** SQLite's messages for tables and columns that do not exist. */
const SCHEMA_MISSING = /no such (?:table|column)|has no column named/i

/** Whether `error` says that a table or column is missing: the database lacks a migration, or a statement is wrong. */
export const isSchemaMissing = (error: unknown): boolean => SCHEMA_MISSING.test(databaseReason(error))

/** Retries **idempotent** database work after a transient failure. */
export async function withRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= MAX_TRIES || !isTransient(error)) throw error
      await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }
}
