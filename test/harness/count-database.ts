/** Counts what some work asks of the database: the trips to it, and the rows that each statement writes. Pools count too. */
import { env } from 'cloudflare:workers'

export interface Trip {
  statements: { sql: string; rows: number }[]
}

type Runs = 'all' | 'run' | 'raw' | 'first'

/** D1's binding keeps a statement's text, but does not declare it. */
const textOf = (statement: D1PreparedStatement): string =>
  (statement as unknown as { statement: string }).statement

/** The trips that were made during `work`, by the worker and by every object, in the order of their answers. */
export async function countTrips(work: () => Promise<unknown>): Promise<Trip[]> {
  const trips: Trip[] = []
  // The batches of the binding and of its sessions both run here.
  const session = Object.getPrototypeOf(env.DB.withSession()) as D1DatabaseSession
  const statement = Object.getPrototypeOf(env.DB.prepare('SELECT 1')) as Pick<D1PreparedStatement, Runs>
  const { batch } = session
  const { all, run } = statement
  const { raw, first } = statement as unknown as Record<
    'raw' | 'first',
    (option: unknown) => Promise<unknown>
  >
  const counted = (statements: D1PreparedStatement[], results: D1Result[]) =>
    trips.push({
      statements: results.map(({ meta }, at) => ({ sql: textOf(statements[at]!), rows: meta.rows_written })),
    })
  async function countedAll(this: D1PreparedStatement): Promise<D1Result> {
    const result = await all.call(this)
    counted([this], [result])
    return result
  }
  // The answers of `raw` and `first` have no row counts. A read writes none, and may return two columns of one name.
  const patched = {
    all: countedAll,
    run: countedAll,
    async raw(this: D1PreparedStatement, options: { columnNames: true }) {
      if (!isRead(textOf(this))) return (await countedAll.call(this)).results.map(valuesOf)
      trips.push({ statements: [{ sql: textOf(this), rows: 0 }] })
      return raw.call(this, options)
    },
    async first(this: D1PreparedStatement, column: string) {
      trips.push({ statements: [{ sql: textOf(this), rows: 0 }] })
      return first.call(this, column)
    },
  }
  Object.assign(statement, patched)
  session.batch = async function countedBatch<T>(this: D1DatabaseSession, statements: D1PreparedStatement[]) {
    const results = await batch.call(this, statements)
    counted(statements, results)
    return results as D1Result<T>[]
  }
  try {
    await work()
  } finally {
    Object.assign(statement, { all, run, raw, first })
    session.batch = batch
  }
  return trips
}

const isRead = (sql: string): boolean => /^\s*select/i.test(sql)
const valuesOf = (row: unknown): unknown[] => Object.values(row as object)
