// Many callers share transactions, and none can tell: each gets the results or the error of a batch of its own.

import { DatabaseSync } from 'node:sqlite'
import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import { BatchJoiner, type Run, type Written } from '../../../src/core/writer/batch-joiner.ts'
import type { Statement } from '../../../src/core/writer/contract.ts'

const INSERT = 'INSERT INTO stock (id, n) VALUES (?, ?)'
const TAKE = 'UPDATE stock SET n = n - ? WHERE id = ?'
const RECORD = 'INSERT INTO history SELECT ?, ? WHERE changes() > 0'

/** A database in memory whose batches are transactions, as D1's are. */
function database() {
  const db = new DatabaseSync(':memory:')
  db.exec(
    'CREATE TABLE stock (id INTEGER PRIMARY KEY, n INTEGER CHECK (n >= 0)); CREATE TABLE history (id, at)',
  )
  let trips = 0
  const run: Run = async (statements) => {
    trips++
    db.exec('BEGIN')
    try {
      const results = statements.map(({ sql, params }) => ({
        changes: Number(db.prepare(sql).run(...(params as number[])).changes),
      }))
      db.exec('COMMIT')
      return results as unknown as D1Result[]
    } catch (error) {
      db.exec('ROLLBACK')
      throw new Error(`D1_ERROR: ${(error as Error).message}: SQLITE_CONSTRAINT`)
    }
  }
  const rows = () => [
    db.prepare('SELECT * FROM stock ORDER BY id').all(),
    db.prepare('SELECT * FROM history ORDER BY rowid').all(),
  ]
  return { run, rows, trips: () => trips }
}

const outcome = (work: Promise<Written | D1Result[]>): Promise<unknown> =>
  work.then(
    (written) => ('results' in written ? written.results : written),
    (error: Error) => error.message,
  )

const put = (id: number): Statement[] => [{ sql: INSERT, params: [id, 1] }]

/** A database that answers when it is told to. */
function heldDatabase() {
  const batches: { statements: Statement[]; answer: () => void; fail: (error: Error) => void }[] = []
  const run: Run = (statements) =>
    new Promise((resolve, reject) => {
      batches.push({
        statements,
        answer: () => resolve(statements.map(() => ({ results: [] })) as unknown as D1Result[]),
        fail: reject,
      })
    })
  return { run, batches }
}

const soon = () => new Promise((resolve) => setImmediate(resolve))

/** Longer than the joiner takes to start the next transaction: timers of the same duration ring in order. */
const turn = async () => {
  for (let timer = 0; timer < 2; timer++) await new Promise((resolve) => setTimeout(resolve, 0))
}

describe('joined batches', () => {
  it('have the same results and leave the same rows as one after another, whatever they are', async () => {
    const id = fc.integer({ min: 1, max: 4 })
    const aStatement = fc.oneof(
      fc.record({ sql: fc.constant(INSERT), params: fc.tuple(id, fc.integer({ min: 0, max: 3 })) }),
      fc.record({ sql: fc.constant(TAKE), params: fc.tuple(fc.integer({ min: 1, max: 2 }), id) }),
    )
    // An entry in the history may only be asked for after a statement of the same batch.
    const batch = fc
      .tuple(
        aStatement,
        fc.array(fc.oneof(aStatement, fc.constant({ sql: RECORD, params: [1, 1] })), { maxLength: 3 }),
      )
      .map(([first, rest]) => [first, ...rest] as Statement[])
    const arrivals = fc.array(fc.tuple(batch, fc.boolean()), { minLength: 1, maxLength: 25 })
    await fc.assert(
      fc.asyncProperty(arrivals, async (calls) => {
        const [shared, alone] = [database(), database()]
        const joiner = new BatchJoiner(shared.run)
        const answers: Promise<unknown>[] = []
        for (const [statements, pauses] of calls) {
          answers.push(outcome(joiner.write(statements)))
          if (pauses) await soon()
        }
        const expected: unknown[] = []
        for (const [statements] of calls) expected.push(await outcome(alone.run(statements)))
        expect(await Promise.all(answers)).toEqual(expected)
        expect(shared.rows()).toEqual(alone.rows())
      }),
      { numRuns: 300 },
    )
  })

  it('make one trip for all that arrived during the trip before', async () => {
    const { run, trips } = database()
    const joiner = new BatchJoiner(run)
    await Promise.all(Array.from({ length: 40 }, (_, id) => joiner.write(put(id))))
    expect(trips()).toBe(2)
  })

  it('start at once if there is no other caller, however often', async () => {
    const { run, batches } = heldDatabase()
    const joiner = new BatchJoiner(run)
    for (const count of [1, 2, 3]) {
      const written = joiner.write(put(count))
      expect(batches.length).toBe(count)
      batches.at(-1)!.answer()
      await written
      await soon()
    }
  })

  it('wait for a turn of the event loop after several callers came together', async () => {
    const { run, batches } = heldDatabase()
    const joiner = new BatchJoiner(run)
    const written = [1, 2, 3].map((id) => joiner.write(put(id)))
    for (const next of [0, 1]) {
      batches[next]!.answer()
      await turn()
    }
    await Promise.all(written)
    void joiner.write(put(4))
    void joiner.write(put(5))
    expect(batches.length).toBe(2)
    await turn()
    expect(batches.map(({ statements }) => statements.length)).toEqual([1, 2, 2])
  })

  it('find one refused among a hundred in few trips', async () => {
    const { run, trips, rows } = database()
    await run(put(50))
    const joiner = new BatchJoiner(run)
    const answers = await Promise.all(Array.from({ length: 101 }, (_, id) => outcome(joiner.write(put(id)))))
    expect(answers.filter((each) => typeof each === 'string')).toEqual([
      'D1_ERROR: UNIQUE constraint failed: stock.id: SQLITE_CONSTRAINT',
    ])
    expect(rows()[0]!.length).toBe(101)
    expect(trips()).toBeLessThan(20)
  })
})

describe('an error after which nobody knows whether anything was written', () => {
  it.each([
    'D1_ERROR: Network connection lost.',
    'D1_ERROR: D1 DB exceeded its CPU time limit and was reset.',
    'D1_ERROR: internal error: SQLITE_ERROR',
  ])('reaches every caller of the transaction, and nothing is sent again: %s', async (message) => {
    const { run, batches } = heldDatabase()
    const joiner = new BatchJoiner(run)
    const first = joiner.write(put(1))
    const others = [2, 3].map((id) => outcome(joiner.write(put(id))))
    batches[0]!.answer()
    await first
    await turn()
    batches[1]!.fail(new Error(message))
    expect(await Promise.all(others)).toEqual([message, message])
    expect(batches.length).toBe(2)
  })
})

describe('bounds', () => {
  it('divide what waits into transactions, in the order of arrival', async () => {
    const { run, batches } = heldDatabase()
    const joiner = new BatchJoiner(run)
    const large = (id: number) => Array.from({ length: 50 }, () => put(id)[0]!)
    for (let id = 0; id < 20; id++) void joiner.write(large(id))
    for (let next = 0; next < 4; next++) {
      batches[next]!.answer()
      await turn()
    }
    const idsOf = ({ statements }: (typeof batches)[number]) => [
      ...new Set(statements.map(({ params }) => params[0])),
    ]
    expect(batches.map(idsOf)).toEqual([
      [0],
      [1, 2, 3, 4, 5, 6, 7, 8],
      [9, 10, 11, 12, 13, 14, 15, 16],
      [17, 18, 19],
    ])
  })

  it('of what waits: it is full with a thousand callers', () => {
    const joiner = new BatchJoiner(heldDatabase().run)
    for (let id = 0; id <= 1_000; id++) {
      expect(joiner.isFull).toBe(false)
      void joiner.write(put(id))
    }
    expect(joiner.isFull).toBe(true)
  })

  it('of the wait: behind a transaction that hangs, the others go after a second', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { run, batches } = heldDatabase()
    const joiner = new BatchJoiner(run)
    for (const id of [1, 2, 3]) void joiner.write(put(id))
    vi.advanceTimersByTime(999)
    expect(batches.length).toBe(1)
    vi.advanceTimersByTime(1)
    expect(batches.map(({ statements }) => statements.length)).toEqual([1, 2])
    batches[1]!.answer()
    vi.useRealTimers()
    await turn()
    // The first still hangs, and nobody waits for it.
    void joiner.write(put(4))
    await turn()
    expect(batches.length).toBe(3)
  })
})
