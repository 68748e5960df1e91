/** Looks over a pool's shoulder, from inside its object: rows and transactions it writes, and the database it tells. */
import { inside, type OnSale } from '../raffle-fixture.ts'

export interface Written {
  /** Rows that the object's SQLite wrote, indexes counted, and each setting of the alarm as one. */
  object: number
  /** Rows that D1 wrote, indexes counted. */
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

export interface HeldBack {
  /** How many batches came. */
  asked: () => number
  /** Lets all through that came and will come. */
  letGo: () => void
}

/** A database that keeps every batch waiting until it is let go. */
export async function holdBack(raffle: OnSale): Promise<HeldBack> {
  let asked = 0
  let letGo = () => {}
  const gone = new Promise<void>((resolve) => {
    letGo = resolve
  })
  await inside(raffle, (pool) => {
    const { database } = pool
    pool.database = withBatch(database, async (statements) => {
      asked++
      await gone
      return database.batch(statements)
    })
  })
  return { asked: () => asked, letGo }
}

/** Gives the pool another database to tell; the answer puts back the one that it had. */
export async function tellInstead(raffle: OnSale, other: D1Database): Promise<() => Promise<void>> {
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

/** The first `losses` batches are written and their answers lost; the answer tells how many were so far. */
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
