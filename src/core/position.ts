/**
 * Which state of D1 a request reads, and which it has seen. All requests share one Drizzle database, because it keeps
 * prepared queries, and building one takes longer than reading. So the facade in front of D1 finds the request's position
 * through the platform's async context. Work outside a request has none, and reads the primary.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type Bookmark, MAX_POOLS } from './bookmark.ts'

const positions = new AsyncLocalStorage<Position | undefined>()

export const positionHere = (): Position | undefined => positions.getStore()

export const withPosition = <Result>(position: Position, work: () => Promise<Result>): Promise<Result> =>
  positions.run(position, work)

/** Reads the primary, whatever bookmark the request has. For whether a user, a role or a key is still valid. */
export const onPrimary = <Result>(read: () => Promise<Result>): Promise<Result> =>
  positions.run(undefined, async () => await read())

export class Position {
  /** Whether the client sent a bookmark, and so wants a new one. */
  #isAsked = false
  /** The bookmark of D1 that reads must have seen. */
  #atLeast: string | null = null
  #isNearest = false
  #session: D1DatabaseSession | undefined

  /** The oldest and the newest state that a read has seen, as D1 names them. */
  #oldest: string | null = null
  #newest: string | null = null
  #written: string | null = null
  /** Whether a read, or a write, has no such name: at the primary itself, in a pool, through the database writer. */
  #hasUnnamedRead = false
  #hasUnnamedWrite = false

  /** Pools that may not have written a change of this client to D1 yet, the latest first. */
  #behind: string[] = []

  /** Reads see at least what `bookmark` names, from now on. */
  readAtLeast({ d1, pools }: Bookmark): void {
    this.#isAsked = true
    this.#atLeast = d1
    this.#behind = pools
  }

  get poolsBehind(): readonly string[] {
    return this.#behind
  }

  noteBehind(pool: string): void {
    this.#behind = [pool, ...this.#behind.filter((each) => each !== pool)].slice(0, MAX_POOLS)
  }

  /** D1 has what `pools` were behind with. */
  caughtUp(pools: readonly string[]): void {
    this.#behind = this.#behind.filter((pool) => !pools.includes(pool))
  }

  /** Reads may be as old as the nearest replica, unless the client sent a bookmark. Only for what everybody may see. */
  readNearest(): void {
    this.#isNearest = !this.#isAsked
  }

  /** Where the next read goes; null: to the primary itself. */
  readSession(database: D1Database): D1DatabaseSession | null {
    const how = this.#atLeast ?? (this.#isNearest ? 'first-unconstrained' : null)
    if (how === null) return this.#isAsked ? database.withSession('first-primary') : null
    // Of one session, so that each read sees at least what the one before saw.
    this.#session ??= database.withSession(how)
    return this.#session
  }

  get isBookmarked(): boolean {
    return this.#atLeast !== null
  }

  /** D1 may not know the client's bookmark any more, as after a restore. The next answer has a new one. */
  dropBookmark(): void {
    this.#atLeast = null
    this.#session = undefined
  }

  noteRead(d1: string | null): void {
    if (d1 === null) this.#hasUnnamedRead = true
    else {
      this.#oldest = this.#oldest === null || d1 < this.#oldest ? d1 : this.#oldest
      this.#newest = latest(this.#newest, d1)
    }
  }

  noteWrite(d1: string | null): void {
    if (d1 === null) this.#hasUnnamedWrite = true
    else this.#written = latest(this.#written, d1)
  }

  /** A state that all reads of this request have seen. */
  get seen(): string | null {
    return this.#hasUnnamedRead ? null : this.#oldest
  }

  /** What the next request of this client must see. Null: the client may go on with what it has. */
  next(mayChange: boolean): Bookmark | null {
    if (mayChange) {
      const pools = this.#behind
      if (this.#hasUnnamedWrite) return { d1: null, pools }
      if (this.#written !== null) return { d1: this.#written, pools }
      // An earlier try may have written what this one found.
      return this.#hasUnnamedRead ? { d1: null, pools } : null
    }
    if (!this.#isAsked || this.#newest === null) return null
    return { d1: latest(this.#atLeast, this.#newest), pools: this.#behind }
  }
}

/** D1's bookmarks sort by age as text. */
const latest = (a: string | null, b: string): string => (a === null || b > a ? b : a)
