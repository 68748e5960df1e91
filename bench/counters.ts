/**
 * Counts what the platform bills: rows, trips to D1 and calls of objects. The worker and its objects share one isolate here, so
 * the counts include everything that either of them does.
 */

export interface Counts {
  /** Calls of pools from outside, and their alarms. A call that a pool makes of itself counts too. */
  objectCalls: number
  /** Rows written, with index rows and settings of an alarm. */
  object: number
  objectRead: number
  database: number
  /** A query outside a batch does not report them, so the rows that it returned are counted. */
  databaseRead: number
  statements: number
  trips: number
  /** The part of `database` and `trips` that keeps the sandbox's own books. A real provider keeps its own. */
  sandbox: number
  sandboxTrips: number
}

export const counts: Counts = {
  objectCalls: 0,
  object: 0,
  objectRead: 0,
  database: 0,
  databaseRead: 0,
  statements: 0,
  trips: 0,
  sandbox: 0,
  sandboxTrips: 0,
}

let counting = false

/** Adds counters to everything that reads or writes, once for each isolate. */
export function countRows(storage: DurableObjectStorage, database: D1Database): void {
  if (counting) return
  counting = true
  countObject(storage)
  countDatabase(database)
}

function countObject(storage: DurableObjectStorage): void {
  const sql = Object.getPrototypeOf(storage.sql) as SqlStorage
  const { exec } = sql
  let last: SqlStorageCursor<Record<string, SqlStorageValue>> | undefined
  sql.exec = function counted(this: SqlStorage, ...query: Parameters<SqlStorage['exec']>) {
    // A cursor has read its rows by the time of the next one.
    counts.objectRead += last?.rowsRead ?? 0
    const cursor = exec.apply(this, query)
    counts.object += cursor.rowsWritten
    last = cursor
    return cursor
  } as SqlStorage['exec']
  const alarms = Object.getPrototypeOf(storage) as DurableObjectStorage
  const { setAlarm } = alarms
  alarms.setAlarm = function counted(this: DurableObjectStorage, ...time: Parameters<typeof setAlarm>) {
    counts.object++
    return setAlarm.apply(this, time)
  }
}

interface Prepared {
  statement: string
}

const isSandboxs = (statement: D1PreparedStatement): boolean =>
  (statement as unknown as Prepared).statement.includes('sandbox_')

function tally(statements: D1PreparedStatement[], results: D1Result[]): void {
  counts.trips++
  counts.statements += statements.length
  if (statements.every(isSandboxs)) counts.sandboxTrips++
  for (const [at, { meta }] of results.entries()) {
    counts.database += meta.rows_written
    counts.databaseRead += meta.rows_read
    if (isSandboxs(statements[at]!)) counts.sandbox += meta.rows_written
  }
}

function countDatabase(database: D1Database): void {
  // The batches of a binding and of its sessions both run here.
  const session = Object.getPrototypeOf(database.withSession()) as D1DatabaseSession
  const { batch } = session
  session.batch = async function counted<T>(this: D1DatabaseSession, statements: D1PreparedStatement[]) {
    const results = await batch.call(this, statements)
    tally(statements, results)
    return results as D1Result<T>[]
  }
  const statement = Object.getPrototypeOf(database.prepare('SELECT 1')) as D1PreparedStatement
  const { run, all, raw, first } = statement
  for (const [name, method] of Object.entries({ run, all })) {
    Reflect.set(statement, name, async function counted(this: D1PreparedStatement) {
      const result = await method.call(this)
      tally([this], [result])
      return result
    })
  }
  // The answers of these two have no row counts, so a write goes through `all` instead.
  for (const [name, method] of Object.entries({ raw, first })) {
    Reflect.set(statement, name, async function counted(this: D1PreparedStatement, ...given: never[]) {
      if (/^\s*select/i.test((this as unknown as Prepared).statement)) {
        const found: unknown = await (method as (...given: never[]) => unknown).apply(this, given)
        tally([this], [])
        counts.databaseRead += Array.isArray(found) ? found.length : 1
        return found
      }
      const result = await all.call<D1PreparedStatement, [], Promise<D1Result<object>>>(this)
      tally([this], [result])
      const { results } = result
      return name === 'first' ? (results[0] ?? null) : results.map((row) => Object.values(row))
    })
  }
}

/** Counts the calls of a class of objects: every method of it and of its own base classes below `root`. */
export function countCalls(prototype: object, root: object): void {
  for (let at = prototype; at !== root; at = Object.getPrototypeOf(at) as object) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (name === 'constructor' || typeof value !== 'function') continue
      Reflect.set(at, name, function counted(this: object, ...given: unknown[]): unknown {
        counts.objectCalls++
        return (value as (...given: unknown[]) => unknown).apply(this, given)
      })
    }
  }
}
