/** Which statements may share a transaction with those of other callers. Pure. */

import type { Statement } from './contract.ts'

/** Bounds of one caller's batch, far below D1's and the platform's. A larger one goes to D1 directly. */
export const MAX_CALL_STATEMENTS = 50
export const MAX_CALL_CHARACTERS = 200_000

const READ = /^\s*(?:select|values|explain|pragma)\b/i
const WITH = /^\s*with\b/i
const WRITES_AFTER_WITH = /\b(?:insert|update|delete|replace)\b/i

export const isWrite = (sql: string): boolean =>
  WITH.test(sql) ? WRITES_AFTER_WITH.test(sql) : !READ.test(sql)

/** Others, such as PRAGMA, may change how the rest of the transaction works. */
const KEEPS_TO_ITSELF = /^\s*(?:select|values|with|insert|update|delete|replace)\b/i

/** These functions tell what the statement before changed: at the start of a batch, a statement of another caller. */
const ASKS_ABOUT_BEFORE = /\b(?:changes|last_insert_rowid)\s*\(/i

/** Whether a batch that writes may be joined with others. */
export function mayBeJoined(statements: readonly Statement[]): boolean {
  if (statements.length > MAX_CALL_STATEMENTS) return false
  return (
    statements.every(({ sql }) => KEEPS_TO_ITSELF.test(sql)) &&
    !ASKS_ABOUT_BEFORE.test(statements[0]!.sql) &&
    sizeOf(statements) <= MAX_CALL_CHARACTERS
  )
}

/** About as many characters as the statements take to send. */
export function sizeOf(statements: readonly Statement[]): number {
  let size = 0
  for (const { sql, params } of statements) {
    size += sql.length
    for (const value of params) size += sizeOfValue(value)
  }
  return size
}

const SIZE_OF_NUMBER = 8

function sizeOfValue(value: unknown): number {
  if (typeof value === 'string') return value.length
  return value instanceof ArrayBuffer || ArrayBuffer.isView(value) ? value.byteLength : SIZE_OF_NUMBER
}

const RETURNING = /\breturning\b/i
const RETURNS_COLUMNS = /\breturning\s+("[a-z_]\w*"(?:\s*,\s*"[a-z_]\w*")*)\s*$/i

/**
 * Whether a row of the result as an object has its values in the order of the columns. It has not if two columns have
 * the same name, or if a name looks like a number.
 */
export function hasDistinctColumns(sql: string): boolean {
  if (!RETURNING.test(sql)) return true
  const names = RETURNS_COLUMNS.exec(sql)?.[1]?.split(/\s*,\s*/)
  return names !== undefined && new Set(names).size === names.length
}
