/** What the peers' work needs of a database. The work is the same for each, so that only databases are compared. */

export type Value = string | number | null
export type Row = Record<string, Value>
/** SQL with a `?` for each value, in order. */
export type Statement = [sql: string, ...values: Value[]]

/**
 * The steps of a transaction. Each step is a group of statements that need no result of each other, so they can be sent
 * together, and it gets the rows of each.
 */
export type Steps<Result> = Generator<Statement[], Result, [Row[], ...Row[][]]>

export interface Store {
  /** PostgreSQL changes and inserts in one statement what SQLite does in two, and it locks rows. */
  readonly dialect: 'postgres' | 'sqlite'
  /** Runs a statement that is a transaction by itself. */
  run(...statement: Statement): Promise<Row[]>
  transact<Result>(steps: () => Steps<Result>): Promise<Result>
  /** Runs many statements of SQL, without values. */
  script(sql: string): Promise<void>
  isUniqueViolation(error: unknown): boolean
}

/** A request that cannot be met. */
export class Refused extends Error {
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}
