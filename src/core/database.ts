/** D1 through Drizzle, and when to retry: after a lost connection nobody knows whether a write was made. */
import { type DrizzleD1Database, drizzle } from 'drizzle-orm/d1'

export type Database = DrizzleD1Database

export const openDatabase = (binding: D1Database): Database => drizzle(binding, { casing: 'snake_case' })

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
