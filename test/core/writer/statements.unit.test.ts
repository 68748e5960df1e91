import { describe, expect, it } from 'vitest'
import type { Statement } from '../../../src/core/writer/contract.ts'
import {
  hasDistinctColumns,
  isWrite,
  MAX_CALL_CHARACTERS,
  MAX_CALL_STATEMENTS,
  mayBeJoined,
} from '../../../src/core/writer/statements.ts'

const statement = (sql: string, ...params: unknown[]): Statement => ({ sql, params })
const INSERT = statement('insert into "t" ("id") values (?)', 'a')
const SELECT = statement('select * from "t"')

describe('a statement', () => {
  it.each([
    'insert into "t" values (?)',
    '\n  INSERT INTO t SELECT value FROM json_each(?1)',
    'update "t" set "n" = ? where "id" = ? returning "n"',
    'delete from "t"',
    'REPLACE INTO t VALUES (1)',
    'WITH due AS (SELECT id FROM t) UPDATE t SET n = 1 WHERE id IN due',
    'CREATE TABLE t (id TEXT)',
  ])('writes: %s', (sql) => expect(isWrite(sql)).toBe(true))

  it.each([
    'select * from "t"',
    '  SELECT 1',
    'WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT * FROM n',
    'VALUES (1)',
    'EXPLAIN QUERY PLAN DELETE FROM t',
    'PRAGMA table_info(t)',
  ])('reads: %s', (sql) => expect(isWrite(sql)).toBe(false))
})

describe('a batch is joined with others', () => {
  it('if it is small, whether or not it also reads', () => {
    expect(mayBeJoined([INSERT])).toBe(true)
    expect(mayBeJoined([INSERT, SELECT])).toBe(true)
    expect(mayBeJoined([SELECT, INSERT])).toBe(true)
  })

  it('but not if its first statement asks what the one before it changed', () => {
    const asking = statement('insert into "audit" SELECT 1 WHERE changes() > 0')
    expect(mayBeJoined([INSERT, asking])).toBe(true)
    expect(mayBeJoined([asking, INSERT])).toBe(false)
    expect(mayBeJoined([statement('INSERT INTO t VALUES (last_insert_rowid ( ))')])).toBe(false)
  })

  it('but not with a statement that changes the rest of the transaction or the schema', () => {
    expect(mayBeJoined([statement('PRAGMA defer_foreign_keys = on'), INSERT])).toBe(false)
    expect(mayBeJoined([INSERT, statement('DROP TABLE t')])).toBe(false)
  })

  it('up to a number of statements', () => {
    const many = (count: number) => Array.from({ length: count }, () => INSERT)
    expect(mayBeJoined(many(MAX_CALL_STATEMENTS))).toBe(true)
    expect(mayBeJoined(many(MAX_CALL_STATEMENTS + 1))).toBe(false)
  })

  it('up to a size of its text, strings and bytes', () => {
    expect(mayBeJoined([statement(INSERT.sql, 'x'.repeat(MAX_CALL_CHARACTERS))])).toBe(false)
    expect(mayBeJoined([statement(INSERT.sql, new Uint8Array(MAX_CALL_CHARACTERS))])).toBe(false)
    expect(mayBeJoined([statement(INSERT.sql, 'x'.repeat(MAX_CALL_CHARACTERS - 100))])).toBe(true)
  })
})

describe('a row as an object has its columns in order', () => {
  it.each([
    'delete from "t"',
    'update "t" set "n" = ? returning "id", "n"',
    'insert into "t" values (?) returning "id"',
  ])('of %s', (sql) => expect(hasDistinctColumns(sql)).toBe(true))

  it.each([
    'update "t" set "n" = ? returning "id", "id"',
    'update "t" set "n" = ? returning 1',
    'update "t" set "n" = ? returning "id", "n" + 1',
    'update "t" set "n" = ? returning "1", "id"',
    'update "t" set "n" = ? returning *',
  ])('but perhaps not of %s', (sql) => expect(hasDistinctColumns(sql)).toBe(false))
})
