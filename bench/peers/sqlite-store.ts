/** `node:sqlite` in the server's own process: no trip at all, and one transaction at a time. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Row, Statement, Steps, Store } from './store.ts'

export function openSqlite(file: string, synchronous: 'NORMAL' | 'FULL'): Store {
  const database = new DatabaseSync(file)
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}`)
  const prepared = new Map<string, StatementSync>()
  const run = ([sql, ...values]: Statement): Row[] => {
    let statement = prepared.get(sql)
    if (statement === undefined) {
      statement = database.prepare(sql)
      prepared.set(sql, statement)
    }
    return statement.all(...values) as Row[]
  }
  return {
    dialect: 'sqlite',
    run: async (...statement) => run(statement),
    // Nothing is awaited between BEGIN and COMMIT, so no other request can come in between.
    async transact<Result>(steps: () => Steps<Result>): Promise<Result> {
      run(['BEGIN IMMEDIATE'])
      try {
        const work = steps()
        let group = work.next()
        while (group.done !== true) group = work.next(group.value.map(run) as [Row[], ...Row[][]])
        run(['COMMIT'])
        return group.value
      } catch (error) {
        run(['ROLLBACK'])
        throw error
      }
    },
    script: async (sql) => database.exec(sql),
    isUniqueViolation: (error) =>
      error instanceof Error && error.message.includes('UNIQUE constraint failed'),
  }
}
