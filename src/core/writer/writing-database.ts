/**
 * D1 as everybody uses it: reads go to it directly, writes may share a transaction. It has the shape of D1's own
 * binding, so neither Drizzle nor a verb knows which way a statement takes.
 */
import type { Settings } from '../settings.ts'
import type { DatabaseBindings, Statement } from './contract.ts'
import { hasDistinctColumns, isWrite } from './statements.ts'
import { WriterLink } from './writer-link.ts'

/** The database of `env`: D1's own binding if there are no writers. */
export function databaseOf(env: DatabaseBindings, settings: Settings): D1Database {
  const { DB, DATABASE_WRITER: namespace } = env
  if (namespace === undefined || settings.DATABASE_WRITERS === 0) return DB
  const link = links.get(namespace) ?? new WriterLink(namespace, settings)
  links.set(namespace, link)
  const known = facades.get(DB)
  if (known?.link === link) return known.database
  const database = new WritingDatabase(DB, link) as unknown as D1Database
  facades.set(DB, { database, link })
  return database
}

/** One for an isolate: it keeps what the isolate knows of the load. */
const links = new WeakMap<DurableObjectNamespace, WriterLink>()

/** One for a binding, because prepared queries are kept by database. */
const facades = new WeakMap<D1Database, { database: D1Database; link: WriterLink }>()

class WritingDatabase {
  readonly #direct: D1Database
  readonly #link: WriterLink

  constructor(direct: D1Database, link: WriterLink) {
    this.#direct = direct
    this.#link = link
  }

  prepare(sql: string): WritingStatement {
    return new WritingStatement(this.#link, this.#direct.prepare(sql), { sql, params: [] })
  }

  batch(statements: WritingStatement[]): Promise<D1Result[]> {
    const direct = () => this.#direct.batch(statements.map((each) => each.direct))
    const plain = statements.map((each) => each.plain)
    // Reads have nothing to gain, and would wait behind writes.
    return plain.some(({ sql }) => isWrite(sql)) ? this.#link.write(plain, direct) : direct()
  }

  exec(sql: string): Promise<D1ExecResult> {
    return this.#direct.exec(sql)
  }

  withSession(constraint?: D1SessionConstraint | D1SessionBookmark): D1DatabaseSession {
    return this.#direct.withSession(constraint)
  }
}

class WritingStatement {
  readonly #link: WriterLink
  readonly direct: D1PreparedStatement
  readonly plain: Statement

  constructor(link: WriterLink, direct: D1PreparedStatement, plain: Statement) {
    this.#link = link
    this.direct = direct
    this.plain = plain
  }

  /** Throws, as D1's own does, if D1 cannot store a value. */
  bind(...params: unknown[]): WritingStatement {
    return new WritingStatement(this.#link, this.direct.bind(...params), { sql: this.plain.sql, params })
  }

  all(): Promise<D1Result> {
    return isWrite(this.plain.sql) ? this.#write() : this.direct.all()
  }

  run(): Promise<D1Result> {
    return isWrite(this.plain.sql) ? this.#write() : this.direct.run()
  }

  first(...column: [string]): Promise<unknown> {
    return this.direct.first(...column)
  }

  async raw(...options: [{ columnNames: true }]): Promise<unknown[]> {
    const { sql } = this.plain
    if (options.length > 0 || !isWrite(sql) || !hasDistinctColumns(sql)) return this.direct.raw(...options)
    const { results } = await this.#write()
    return results.map((row) => Object.values(row as object))
  }

  async #write(): Promise<D1Result> {
    const [result] = await this.#link.write([this.plain], async () => [await this.direct.all()])
    return result!
  }
}
