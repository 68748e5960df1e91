/** Watches a pool from inside its object: counts the rows and transactions it writes, and replaces its database. */
import { inside, type OnSale } from '../raffle-fixture.ts'

export interface Written {
  /** Rows that the object's SQLite wrote, with index rows; each setting of the alarm counts as one. */
  object: number
  /** Rows that D1 wrote, with index rows. */
  database: number
  transactions: number
  batches: number
}

/** Counts what a pool writes from now on, until it is evicted. */
export async function watchWrites(raffle: OnSale): Promise<Written> {
  const written: Written = { object: 0, database: 0, transactions: 0, batches: 0 }
  await inside(raffle, (pool, { storage }) => {
    const { sql } = storage
    const exec = sql.exec.bind(sql)
    sql.exec = ((...args: Parameters<typeof exec>) => {
      const cursor = exec(...args)
      written.object += cursor.rowsWritten
      return cursor
    }) as typeof sql.exec
    const transactionSync = storage.transactionSync.bind(storage)
    storage.transactionSync = (work) => {
      written.transactions++
      return transactionSync(work)
    }
    const setAlarm = storage.setAlarm.bind(storage)
    storage.setAlarm = (at) => {
      written.object++
      return setAlarm(at)
    }
    const { database } = pool
    pool.database = withBatch(database, async (statements) => {
      const results = await database.batch(statements)
      written.batches++
      for (const { meta } of results) written.database += meta.rows_written
      return results
    })
  })
  return written
}

type Batch = (statements: D1PreparedStatement[]) => Promise<D1Result[]>

const withBatch = (database: D1Database, batch: Batch): D1Database =>
  ({ prepare: (query: string) => database.prepare(query), batch }) as unknown as D1Database

export interface HeldBatches {
  /** The count of batches so far. */
  batches: () => number
  /** Lets all batches through, the waiting ones and later ones. */
  letThrough: () => void
}

/** Keeps every batch to D1 waiting until `letThrough` is called. */
export async function holdBatches(raffle: OnSale): Promise<HeldBatches> {
  let batches = 0
  let letThrough = () => {}
  const free = new Promise<void>((resolve) => {
    letThrough = resolve
  })
  await inside(raffle, (pool) => {
    const { database } = pool
    pool.database = withBatch(database, async (statements) => {
      batches++
      await free
      return database.batch(statements)
    })
  })
  return { batches: () => batches, letThrough }
}

/** Makes the pool project to another database. The returned function restores the first one. */
export async function replaceDatabase(raffle: OnSale, other: D1Database): Promise<() => Promise<void>> {
  let before: D1Database | undefined
  await inside(raffle, (pool) => {
    before = pool.database
    pool.database = other
  })
  return () =>
    inside(raffle, (pool) => {
      pool.database = before!
    })
}

/** D1 writes the first `losses` batches, but their answers are lost. The returned function counts the lost ones. */
export async function loseAnswers(raffle: OnSale, losses: number): Promise<() => number> {
  let lost = 0
  await inside(raffle, (pool) => {
    const { database } = pool
    pool.database = withBatch(database, async (statements) => {
      const results = await database.batch(statements)
      if (lost === losses) return results
      lost++
      throw new Error('D1_ERROR: Network connection lost.')
    })
  })
  return () => lost
}
