// Writes through the database writer, in the real object and on the real D1: callers get what D1 itself would have
// answered, however many share a transaction and whatever happens to the object.

import { abortAllDurableObjects } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { eq, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  databaseReason,
  isTransient,
  isUniqueViolation,
  openDatabase,
  withRetry,
} from '../../../src/core/database.ts'
import type { Statement, WriterAnswer } from '../../../src/core/writer/contract.ts'
import { databaseOf } from '../../../src/core/writer/writing-database.ts'
import { failingDatabase, forgetfulDatabase } from '../../harness/faults.ts'
import { testSettings } from '../../harness/people.ts'
import { inWriter, transactionsOf, withWritersDatabase } from './stage.ts'

const shelf = sqliteTable('writer_shelf', {
  id: text().primaryKey(),
  count: integer().notNull(),
  note: text(),
})

beforeAll(async () => {
  await env.DB.batch(
    [
      'CREATE TABLE writer_shelf (id TEXT PRIMARY KEY, count INTEGER NOT NULL CHECK (count >= 0), note TEXT)',
      'CREATE TABLE writer_history (id TEXT, at INTEGER)',
      `CREATE TRIGGER writer_sealed BEFORE UPDATE ON writer_shelf WHEN OLD.note = 'sealed'
       BEGIN SELECT RAISE(ABORT, 'this shelf is sealed'); END`,
    ].map((each) => env.DB.prepare(each)),
  )
})
afterAll(async () => {
  await env.DB.batch(['writer_shelf', 'writer_history'].map((each) => env.DB.prepare(`DROP TABLE ${each}`)))
})
beforeEach(async () => {
  await env.DB.batch(['writer_shelf', 'writer_history'].map((each) => env.DB.prepare(`DELETE FROM ${each}`)))
})
afterEach(() => void vi.restoreAllMocks())

const INSERT = 'INSERT INTO writer_shelf (id, count, note) VALUES (?, ?, ?)'
const TAKE = 'UPDATE writer_shelf SET count = count - ? WHERE id = ?'
const RECORD = 'INSERT INTO writer_history SELECT ?, 1 WHERE changes() > 0'

const idsOf = async (): Promise<string[]> => {
  const { results } = await env.DB.prepare('SELECT id FROM writer_shelf ORDER BY id').all<{ id: string }>()
  return results.map(({ id }) => id)
}

/** The database as a verb has it. */
const database = (bindings: Partial<typeof env> = {}): D1Database =>
  databaseOf({ ...env, ...bindings }, testSettings())

const put = (db: D1Database, id: string, note: string | null = null) =>
  db.batch([db.prepare(INSERT).bind(id, 5, note), db.prepare(RECORD).bind(id)])

/** Does the work while another write is under way, so that it is shared. */
async function shared<Result>(db: D1Database, work: () => Promise<Result>): Promise<Result> {
  const other = db.prepare('DELETE FROM writer_history WHERE id = ?').bind('nobody').run()
  const [result] = await Promise.all([work(), other.catch(() => null)])
  return result
}

/** Writers that answer as `write` does. */
function writers(write: (statements: Statement[]) => Promise<WriterAnswer>) {
  const spy = vi.fn(write)
  return { DATABASE_WRITER: { getByName: () => ({ write: spy }) } as unknown as DurableObjectNamespace, spy }
}

const messageOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'written',
    (error: unknown) => databaseReason(error),
  )

describe('many callers at once', () => {
  it('are written in a few transactions, and each learns what it changed', async () => {
    const db = database()
    const ids = Array.from({ length: 60 }, (_, i) => `book-${String(i).padStart(2, '0')}`)
    const write = async () => {
      const results = await Promise.all(ids.map((id) => put(db, id)))
      for (const [inserted, recorded] of results) {
        expect([inserted!.meta.changes, recorded!.meta.changes]).toEqual([1, 1])
      }
    }
    const transactions = await transactionsOf(write, { crowded: true })
    expect(await idsOf()).toEqual(ids)
    // The first went directly, the second alone.
    expect(transactions[0]).toBe(2)
    expect(transactions[1]).toBeGreaterThan(2)
  })

  it('get their own errors: a taken id, a broken rule, a trigger’s refusal, a mistake in the SQL', async () => {
    const db = database()
    await put(env.DB, 'taken')
    await put(env.DB, 'sealed', 'sealed')
    const good = Array.from({ length: 20 }, (_, i) => `good-${i}`)
    const [results, ...messages] = await Promise.all([
      Promise.all(good.map((id) => put(db, id))),
      messageOf(put(db, 'taken')),
      messageOf(db.prepare(TAKE).bind(6, 'taken').run()),
      messageOf(db.prepare(TAKE).bind(1, 'sealed').run()),
      messageOf(db.prepare('INSERT INTO writer_nothing VALUES (1)').run()),
    ])
    expect(results.every(([inserted]) => inserted!.meta.changes === 1)).toBe(true)
    expect(messages).toEqual([
      expect.stringContaining('UNIQUE constraint failed: writer_shelf.id'),
      expect.stringContaining('CHECK constraint failed'),
      expect.stringContaining('this shelf is sealed'),
      expect.stringContaining('no such table: writer_nothing'),
    ])
    expect(await idsOf()).toEqual([...good, 'sealed', 'taken'].sort())
  })

  it('of which a guard refuses some: each knows whether it won', async () => {
    const db = database()
    await put(env.DB, 'five')
    const takes = await Promise.all(
      Array.from({ length: 12 }, () =>
        db.batch([db.prepare(`${TAKE} AND count > 0`).bind(1, 'five'), db.prepare(RECORD).bind('taken')]),
      ),
    )
    const won = takes.filter(([taken]) => taken!.meta.changes === 1)
    expect(won.length).toBe(5)
    expect(takes.every(([taken, recorded]) => taken!.meta.changes === recorded!.meta.changes)).toBe(true)
  })

  it('have what they would have had one after another, whatever they write', async () => {
    const id = fc.constantFrom('a', 'b', 'c')
    const statement = fc.oneof(
      fc.tuple(fc.constant(INSERT), fc.tuple(id, fc.integer({ min: -1, max: 3 }), fc.constant(null))),
      fc.tuple(fc.constant(TAKE), fc.tuple(fc.integer({ min: 1, max: 2 }), id)),
      fc.tuple(fc.constant('SELECT count FROM writer_shelf WHERE id = ?'), fc.tuple(id)),
    )
    const calls = fc.array(fc.array(statement, { minLength: 1, maxLength: 3 }), {
      minLength: 2,
      maxLength: 12,
    })
    const wrote = (batches: [string, unknown[]][][], db: D1Database) =>
      batches.map((batch) => () => {
        const work = db.batch(batch.map(([query, values]) => db.prepare(query).bind(...values)))
        return work.then(
          (results) => results.map(({ results: rows, meta }) => [rows, meta.changes]),
          (error: unknown) => databaseReason(error),
        )
      })
    const empty = () => env.DB.prepare('DELETE FROM writer_shelf').run()
    const rows = () => env.DB.prepare('SELECT * FROM writer_shelf ORDER BY id').all()
    await fc.assert(
      fc.asyncProperty(calls, async (given) => {
        // A batch that only reads is not joined, so its place among the others is free.
        const batches = given.filter((batch) => batch.some(([query]) => !query.startsWith('SELECT')))
        await empty()
        const expected: unknown[] = []
        for (const each of wrote(batches, env.DB)) expected.push(await each())
        const [{ results: expectedRows }] = [await rows()]
        await empty()
        // The first write of an isolate without others goes directly, so all of these arrive at the writer in order.
        const answers = await inWriter((writer) =>
          Promise.all(
            batches.map((batch) =>
              writer.write(
                batch.map(([query, params]) => ({ sql: query, params })),
                false,
              ),
            ),
          ),
        )
        const got = answers.map((answer) => {
          if (answer === 'full') return answer
          if ('error' in answer) return answer.error.cause ?? answer.error.message
          return answer.results.map(({ results, meta }) => [results, meta.changes])
        })
        expect(got).toEqual(expected)
        expect((await rows()).results).toEqual(expectedRows)
      }),
      { numRuns: 25 },
    )
  })
})

describe('Drizzle', () => {
  it('reads the same from shared writes as from D1', async () => {
    const outcomes = async (d1: D1Database) => {
      await env.DB.prepare('DELETE FROM writer_shelf').run()
      const db = openDatabase(d1)
      const row = { id: 'a', count: 3, note: null }
      return [
        await db.insert(shelf).values(row).returning(),
        await db.update(shelf).set({ count: 4 }).returning({ count: shelf.count, id: shelf.id }),
        await db.update(shelf).set({ count: 5 }).returning({ id: shelf.id, again: shelf.id }),
        await db.update(shelf).set({ count: 6 }).returning({ double: sql<number>`count * 2` }).get(),
        await db.update(shelf).set({ count: 7 }).where(eq(shelf.id, 'nobody')).returning(),
        (await db.update(shelf).set({ count: 8 })).meta.changes,
        await db
          .batch([
            db
              .insert(shelf)
              .values({ ...row, id: 'b' })
              .onConflictDoNothing()
              .returning({ id: shelf.id }),
            db.select().from(shelf).orderBy(shelf.id),
            db.delete(shelf).where(eq(shelf.id, 'b')).returning(),
          ])
          .then(([inserted, rows, deleted]) => [inserted, rows, deleted]),
        await db.all(sql`SELECT count FROM writer_shelf`),
        await db
          .insert(shelf)
          .values(row)
          .catch((error: unknown) => [isUniqueViolation(error, 'writer_shelf.id'), isTransient(error)]),
        await db
          .batch([db.insert(shelf).values(row), db.select().from(shelf)])
          .catch((error: unknown) => [isUniqueViolation(error, 'writer_shelf.id'), isTransient(error)]),
      ]
    }
    const direct = await outcomes(env.DB)
    const db = database()
    const transactions = await transactionsOf(async () => {
      // Another write is always under way.
      let isDone = false
      const others = (async () => {
        while (!isDone) await db.prepare('DELETE FROM writer_history').run()
      })()
      const more = (async () => {
        while (!isDone) await db.prepare('DELETE FROM writer_history').run()
      })()
      try {
        expect(await outcomes(db)).toEqual(direct)
      } finally {
        isDone = true
        await Promise.all([others, more])
      }
    })
    expect(transactions.length).toBeGreaterThan(5)
  })

  it('refuses a value that D1 cannot store before anything is sent', () => {
    const { DATABASE_WRITER, spy } = writers(async () => 'full')
    const db = database({ DATABASE_WRITER })
    expect(() => db.prepare(INSERT).bind('a', {}, null)).toThrow('D1_TYPE_ERROR')
    expect(spy).not.toHaveBeenCalled()
  })
})

describe('a write goes to D1 directly', () => {
  const refusing = () => writers(async () => ({ error: { message: 'this went to the writer', cause: null } }))

  it('if this isolate has no other under way', async () => {
    const { DATABASE_WRITER, spy } = refusing()
    await put(database({ DATABASE_WRITER }), 'alone')
    expect(await idsOf()).toEqual(['alone'])
    expect(spy).not.toHaveBeenCalled()
  })

  it.each<[string, (db: D1Database) => Promise<unknown>]>([
    [
      'if the caller’s batch is very long',
      (db) => db.batch(Array.from({ length: 51 }, (_, i) => db.prepare(INSERT).bind(`a-${i}`, 1, null))),
    ],
    ['if it is very large', (db) => db.prepare(INSERT).bind('large', 1, 'x'.repeat(200_000)).run()],
    [
      'if it starts by asking what was changed before',
      (db) => db.batch([db.prepare(RECORD).bind('x'), db.prepare(INSERT).bind('a', 1, null)]),
    ],
    [
      'if the result as objects could lose a column',
      (db) => db.prepare(`${TAKE} RETURNING id, id`).bind(1, 'x').raw(),
    ],
    ['if it only reads', (db) => db.batch([db.prepare('SELECT 1'), db.prepare('SELECT 2')])],
  ])('%s', async (_, work) => {
    const { DATABASE_WRITER, spy } = refusing()
    const db = database({ DATABASE_WRITER })
    await shared(db, () => work(db))
    expect(spy).not.toHaveBeenCalled()
  })

  it('if there is no writer, or the setting is 0', async () => {
    const { DATABASE_WRITER, spy } = refusing()
    const none = database({ DATABASE_WRITER: undefined })
    const off = databaseOf({ ...env, DATABASE_WRITER }, { ...testSettings(), DATABASE_WRITERS: 0 })
    await shared(none, () => put(none, 'a'))
    await shared(off, () => put(off, 'b'))
    expect(await idsOf()).toEqual(['a', 'b'])
    expect(spy).not.toHaveBeenCalled()
  })

  it('if too many callers wait at the writer', async () => {
    const { DATABASE_WRITER, spy } = writers(async () => 'full')
    const db = database({ DATABASE_WRITER })
    await shared(db, () => put(db, 'patient'))
    expect(spy).toHaveBeenCalledOnce()
    expect(await idsOf()).toEqual(['patient'])
  })

  it('if the object is overloaded, and so do the next ones, which spares it', async () => {
    const { DATABASE_WRITER, spy } = writers(async () => {
      throw Object.assign(new Error('Durable Object is overloaded. Too many requests queued.'), {
        overloaded: true,
      })
    })
    const db = database({ DATABASE_WRITER })
    await shared(db, () => put(db, 'a'))
    await shared(db, () => Promise.all([put(db, 'b'), put(db, 'c')]))
    expect(await idsOf()).toEqual(['a', 'b', 'c'])
    expect(spy).toHaveBeenCalledOnce()
  })
})

describe('a writer that reports load', () => {
  it('gets the next writes of this isolate too, even lone ones', async () => {
    const answer = async (statements: Statement[]): Promise<WriterAnswer> => ({
      results: await env.DB.batch(statements.map((each) => env.DB.prepare(each.sql).bind(...each.params))),
      isBusy: true,
    })
    const { DATABASE_WRITER, spy } = writers(answer)
    const db = database({ DATABASE_WRITER })
    await shared(db, () => put(db, 'first'))
    await put(db, 'lone')
    expect(spy).toHaveBeenCalledTimes(2)
    expect(await idsOf()).toEqual(['first', 'lone'])
  })
})

describe('an unknown outcome', () => {
  it('reaches every caller of the transaction as a lost connection, and a repeat counts once', async () => {
    const db = database()
    const { DB, lost } = forgetfulDatabase(env.DB, 1)
    const ids = Array.from({ length: 10 }, (_, i) => `b-${i}`)
    const save = (id: string) => db.batch([db.prepare(`${INSERT} ON CONFLICT DO NOTHING`).bind(id, 1, null)])
    const messages = await withWritersDatabase(DB, () => Promise.all(ids.map((id) => messageOf(save(id)))))
    expect(lost()).toBe(1)
    expect(messages).toContain('D1_ERROR: Network connection lost.')
    expect(messages).toContain('written')
    await Promise.all(ids.map((id) => withRetry(() => save(id))))
    expect(await idsOf()).toEqual(ids)
  })

  it('is what the death of the object leaves: nothing is sent again, and the caller may retry', async () => {
    const { DATABASE_WRITER, spy } = writers(async () => {
      throw new Error('Internal error in Durable Object storage.')
    })
    const db = database({ DATABASE_WRITER })
    const error = await shared(db, () => put(db, 'a').catch((reason: unknown) => reason))
    expect(isTransient(error)).toBe(true)
    expect(await idsOf()).toEqual([])
    expect(spy).toHaveBeenCalledOnce()
    await withRetry(() => put(db, 'a'))
    expect(await idsOf()).toEqual(['a'])
  })

  it('is not what a permanent failure of D1 is: its own message arrives', async () => {
    const db = database()
    const messages = await withWritersDatabase(failingDatabase('D1_ERROR: the disk is on fire'), () =>
      shared(db, () => Promise.all(['a', 'b', 'c'].map((id) => messageOf(put(db, id))))),
    )
    expect(messages).toEqual(Array(3).fill('D1_ERROR: the disk is on fire'))
  })

  it('does not last: the object starts again', async () => {
    const db = database()
    const all = (prefix: string) =>
      Promise.all(
        Array.from({ length: 10 }, (_, i) => withRetry(() => put(db, `${prefix}-${i}`).catch(takenIsFine))),
      )
    const takenIsFine = (error: unknown) => {
      if (!isUniqueViolation(error, 'writer_shelf.id')) throw error
    }
    await all('before')
    const during = all('during')
    await abortAllDurableObjects()
    await during
    await all('after')
    expect((await idsOf()).length).toBe(30)
  })
})
