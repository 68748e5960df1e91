/** D1 through Drizzle, and the one rule of repeating: a lost connection leaves a write's fate unknown. */
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'

export type Database = DrizzleD1Database

export const openDatabase = (binding: D1Database): Database => drizzle(binding, { casing: 'snake_case' })

/** Passing failures of D1, in its own words. The platform repeats reads by itself, writes never. */
const TRANSIENT =
  /network connection lost|storage caused object to be reset|reset because its code was updated|cannot resolve d1 db due to transient issue|d1 db is overloaded|internal error|transient/i

const MAX_TRIES = 3
const FIRST_PAUSE_MS = 50

/** The message of a failed statement, from beneath the query builder's wrapper. */
export function databaseReason(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return error.cause instanceof Error ? error.cause.message : error.message
}

/** Whether `error` says that a row with the same unique value (`table.column`) is there already. */
export function isUniqueViolation(error: unknown, column: string): boolean {
  const reason = databaseReason(error)
  return reason.includes('UNIQUE constraint failed') && reason.includes(column)
}

/** Repeats an **idempotent** piece of database work after a passing failure. */
export async function withRetry<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt >= MAX_TRIES || !TRANSIENT.test(databaseReason(error))) throw error
      await new Promise((resume) => setTimeout(resume, FIRST_PAUSE_MS * 2 ** (attempt - 1)))
    }
  }
}
