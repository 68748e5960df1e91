/** PostgreSQL by `pg`: prepared statements, and a group of statements sent in one trip. */
import { DatabaseError, Pool, type PoolClient, types } from 'pg'
import type { Row, Statement, Steps, Store } from './store.ts'

/** More would only wait for each other's row locks, on a machine of a few cores. */
const CONNECTIONS = 16
const UNIQUE_VIOLATION = '23505'
const BIGINT = 20

export function openPostgres(socketFolder: string, database: string, synchronousCommit: boolean): Store {
  // Every count, sum and time here is exact as a number.
  types.setTypeParser(BIGINT, Number)
  const pool = new Pool({
    host: socketFolder,
    user: 'bench',
    database,
    max: CONNECTIONS,
    options: `-c synchronous_commit=${synchronousCommit ? 'on' : 'off'}`,
    ...{ pipeline: true },
  })
  const prepared = new Map<string, { name: string; text: string }>()
  const prepare = (sql: string) => {
    const known = prepared.get(sql)
    if (known !== undefined) return known
    let count = 0
    const statement = { name: `s${prepared.size}`, text: sql.replaceAll('?', () => `$${++count}`) }
    prepared.set(sql, statement)
    return statement
  }
  const send = async (client: Pool | PoolClient, [sql, ...values]: Statement): Promise<Row[]> =>
    (await client.query<Row>({ ...prepare(sql), values })).rows

  return {
    dialect: 'postgres',
    run: (...statement) => send(pool, statement),
    async transact<Result>(steps: () => Steps<Result>): Promise<Result> {
      const client = await pool.connect()
      try {
        const work = steps()
        let group = work.next()
        // The first group goes out with BEGIN, without waiting for its answer.
        const begun = client.query('BEGIN')
        begun.catch(() => {})
        while (group.done !== true) {
          const rows = await settleAll(group.value.map((statement) => send(client, statement)))
          group = work.next(rows as [Row[], ...Row[][]])
        }
        await begun
        await client.query('COMMIT')
        return group.value
      } catch (error) {
        await client.query('ROLLBACK')
        throw error
      } finally {
        client.release()
      }
    },
    script: async (sql) => void (await pool.query(sql)),
    isUniqueViolation: (error) => error instanceof DatabaseError && error.code === UNIQUE_VIOLATION,
  }
}

/** Waits for all of them, as the statements behind a failed one fail too. Throws the first one's error. */
async function settleAll<Value>(promises: Promise<Value>[]): Promise<Value[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
}
