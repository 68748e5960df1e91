// Migrations run before the deployment that needs them, so the previous version of the worker must run on the new tables.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'

const FOLDER = join(import.meta.dirname, '../../migrations')
const FILES = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.sql'))
  .sort()

const sqlOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8')

/** A database as it was before `file`. */
function databaseBefore(file: string): DatabaseSync {
  const database = new DatabaseSync(':memory:')
  for (const earlier of FILES.slice(0, FILES.indexOf(file))) database.exec(sqlOf(earlier))
  return database
}

const tablesOf = (database: DatabaseSync): string[] =>
  database
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`)
    .all()
    .map(({ name }) => String(name))

interface Column {
  name: string
  type: string
  notnull: number
  dflt_value: string | null
}

const columnsOf = (database: DatabaseSync, table: string): Column[] =>
  database
    .prepare(`SELECT name, type, "notnull", dflt_value FROM pragma_table_info(?)`)
    .all(table) as unknown as Column[]

/** The names of the database's triggers, and what they do. */
const triggersOf = (database: DatabaseSync): string[] =>
  database
    .prepare(`SELECT name FROM sqlite_master WHERE type = 'trigger'`)
    .all()
    .map(({ name }) => String(name))

it.each(FILES)('%s keeps every table, column and trigger', (file) => {
  const database = databaseBefore(file)
  const before = tablesOf(database).map((table) => [table, columnsOf(database, table)] as const)
  const triggers = triggersOf(database)
  database.exec(sqlOf(file))
  for (const [table, columns] of before) {
    const after = columnsOf(database, table)
    for (const [at, column] of columns.entries()) {
      // A column may begin to allow null.
      expect(after[at], table).toEqual({ ...column, notnull: Math.min(column.notnull, after[at]!.notnull) })
    }
  }
  expect(triggersOf(database)).toEqual(expect.arrayContaining(triggers))
})

describe('a migration that builds a table anew', () => {
  const rebuilt = FILES.flatMap((file) =>
    [...sqlOf(file).matchAll(/DROP TABLE `(\w+)`/g)].map(([, table]) => ({ file, table: table! })),
  )

  it.each(rebuilt)('$file keeps the rows of $table', ({ file, table }) => {
    const database = databaseBefore(file)
    const columns = columnsOf(database, table)
    const rows = [1, 2, 3].map((row) => columns.map((column) => sampleOf(table, column, row)))
    const insert = database.prepare(
      `INSERT INTO ${table} (${columns.map(({ name }) => name).join()}) VALUES (${columns.map(() => '?').join()})`,
    )
    for (const row of rows) insert.run(...row)
    database.exec(sqlOf(file))
    const kept = database.prepare(
      `SELECT ${columns.map(({ name }) => name).join()} FROM ${table} ORDER BY id`,
    )
    expect(kept.all().map((row) => Object.values(row))).toEqual(rows)
  })

  it('is tried by this test', () => expect(rebuilt.length).toBeGreaterThan(0))
})

it('accounts at Stripe keep who opened them for an organisation', () => {
  const file = FILES.find((name) => name.endsWith('account_set_up.sql'))!
  const database = databaseBefore(file)
  database.exec(`
    INSERT INTO stripe_accounts (id, owner_id, country, is_ready, created_at, updated_at)
    VALUES ('acct_1', 'org_1', 'KE', 1, 1, 1), ('acct_2', 'user_1', 'KE', 1, 1, 1);
    INSERT INTO audit (at, actor, action, subject_kind, subject_id, fields, request_id) VALUES
      (1, 'user_2', 'organisation.stripe_account_opened', 'organisation', 'org_1', '[]', 'r'),
      (2, 'user_3', 'organisation.stripe_account_removed', 'organisation', 'org_1', '[]', 'r')`)
  database.exec(sqlOf(file))
  const kept = database.prepare('SELECT id, set_up_by, set_up_at FROM stripe_accounts ORDER BY id').all()
  expect(kept.map((row) => Object.values(row))).toEqual([
    ['acct_1', '["user_2"]', 0],
    ['acct_2', '[]', 0],
  ])
})

const STATUSES: Record<string, string> = { payouts: 'requested', winners: 'claimed' }

/** A value of its own for each column and row, which the tables' checks allow. */
function sampleOf(table: string, { name, type }: Column, row: number): string | number {
  if (name === 'status') return STATUSES[table] ?? 'pending'
  return type === 'TEXT' ? `${name}-${row}` : name.length * 100 + row
}
