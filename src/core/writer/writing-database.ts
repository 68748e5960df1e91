/**
 * D1 as everybody uses it. A read goes where the request's position says, a write to the primary; it may share a
 * transaction on the way. It has the shape of D1's own binding, so neither Drizzle nor a verb knows which way a statement
 * takes.
 */
import { isTransient } from '../database.ts'
import { positionHere } from '../position.ts'
import type { Settings } from '../settings.ts'
import type { DatabaseBindings, Statement } from './contract.ts'
import { hasDistinctColumns, isWrite } from './statements.ts'
import { WriterLink } from './writer-link.ts'

/** The database of `env`. Writes go to D1 directly if there are no writers. */
export function databaseOf(env: DatabaseBindings, settings: Settings): D1Database {
  const { DB, DATABASE_WRITER: namespace } = env
  const link =
    namespace === undefined || settings.DATABASE_WRITERS === 0 ? undefined : linkTo(namespace, settings)
  const known = facades.get(DB)
  if (known !== undefined && known.link === link) return known.database
  const database = new WritingDatabase(DB, link) as unknown as D1Database
  facades.set(DB, { database, link })
  return database
}

function linkTo(namespace: DurableObjectNamespace, settings: Settings): WriterLink {
  const link = links.get(namespace) ?? new WriterLink(namespace, settings)
  links.set(namespace, link)
  return link
}

/** One for an isolate: it keeps what the isolate knows of the load. */
const links = new WeakMap<DurableObjectNamespace, WriterLink>()

/** One for a binding, because prepared queries are kept by database. */
const facades = new WeakMap<D1Database, { database: D1Database; link: WriterLink | undefined }>()

/** What can run statements: D1's binding, or a session of it. */
type Place = Pick<D1Database, 'prepare' | 'batch'>
type Work<Result> = (place: Place) => Promise<Result>

class WritingDatabase {
  readonly direct: D1Database
  readonly link: WriterLink | undefined

  constructor(direct: D1Database, link: WriterLink | undefined) {
    this.direct = direct
    this.link = link
  }

  prepare(sql: string): WritingStatement {
    return new WritingStatement(this, { sql, params: [] }, this.direct.prepare(sql))
  }

  batch(statements: WritingStatement[]): Promise<D1Result[]> {
    const work: Work<D1Result[]> = (place) => place.batch(statements.map((each) => each.at(place)))
    const plain = statements.map((each) => each.plain)
    // Reads have nothing to gain from a shared transaction, and would wait behind writes.
    return plain.some(({ sql }) => isWrite(sql)) ? this.write(plain, work) : this.read(work)
  }

  exec(sql: string): Promise<D1ExecResult> {
    return this.direct.exec(sql)
  }

  async read<Result>(work: Work<Result>): Promise<Result> {
    const position = positionHere()
    if (position === undefined) return work(this.direct)
    const { isBookmarked } = position
    const session = position.readSession(this.direct)
    if (session === null) {
      position.noteRead(null)
      return work(this.direct)
    }
    try {
      const result = await work(session)
      position.noteRead(session.getBookmark())
      return result
    } catch (error) {
      if (!isBookmarked || isTransient(error)) throw error
      position.dropBookmark()
      return this.read(work)
    }
  }

  /** A write that shares its transaction, if there is a writer and others write too. */
  async write(statements: Statement[], work: Work<D1Result[]>): Promise<D1Result[]> {
    const direct = () => this.writeDirectly(work)
    if (this.link === undefined) return direct()
    const position = positionHere()
    return this.link.write(statements, direct, () => position?.noteWrite(null))
  }

  async writeDirectly<Result>(work: Work<Result>): Promise<Result> {
    const position = positionHere()
    if (position === undefined) return work(this.direct)
    const session = this.direct.withSession('first-primary')
    const result = await work(session)
    position.noteWrite(session.getBookmark())
    return result
  }
}

class WritingStatement {
  readonly #database: WritingDatabase
  readonly #direct: D1PreparedStatement
  readonly plain: Statement

  constructor(database: WritingDatabase, plain: Statement, direct: D1PreparedStatement) {
    this.#database = database
    this.plain = plain
    this.#direct = direct
  }

  /** Throws, as D1's own does, if D1 cannot store a value. */
  bind(...params: unknown[]): WritingStatement {
    return new WritingStatement(this.#database, { sql: this.plain.sql, params }, this.#direct.bind(...params))
  }

  /** The statement as that place runs it. */
  at(place: Place): D1PreparedStatement {
    const { sql, params } = this.plain
    if (place === this.#database.direct) return this.#direct
    const prepared = place.prepare(sql)
    return params.length === 0 ? prepared : prepared.bind(...params)
  }

  all(): Promise<D1Result> {
    return this.#isWrite ? this.#write() : this.#database.read((place) => this.at(place).all())
  }

  run(): Promise<D1Result> {
    return this.#isWrite ? this.#write() : this.#database.read((place) => this.at(place).run())
  }

  first(...column: [string]): Promise<unknown> {
    const work: Work<unknown> = (place) => this.at(place).first(...column)
    return this.#isWrite ? this.#database.writeDirectly(work) : this.#database.read(work)
  }

  async raw(...options: [{ columnNames: true }]): Promise<unknown[]> {
    const work: Work<unknown[]> = (place) => this.at(place).raw(...options)
    if (!this.#isWrite) return this.#database.read(work)
    const isAlone = this.#database.link === undefined || options.length > 0
    if (isAlone || !hasDistinctColumns(this.plain.sql)) return this.#database.writeDirectly(work)
    const { results } = await this.#write()
    return results.map((row) => Object.values(row as object))
  }

  get #isWrite(): boolean {
    return isWrite(this.plain.sql)
  }

  async #write(): Promise<D1Result> {
    const [result] = await this.#database.write([this.plain], async (place) => [await this.at(place).all()])
    return result!
  }
}
