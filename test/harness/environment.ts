/** The worker's environment for a request or a sweep, with some bindings replaced. */
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'

/** A replaced database must see every write, so it has no writer in front of it. */
export const environment = (bindings: Partial<Bindings> = {}): Bindings => ({
  ...env,
  ...bindings,
  ...(bindings.DB === undefined || bindings.DB === env.DB
    ? {}
    : { DB: withSessions(bindings.DB), DATABASE_WRITER: undefined }),
})

const known = new WeakMap<D1Database, D1Database>()

/** A replaced database must see what its sessions do too. It has no replicas, so a session is the database itself. */
function withSessions(database: D1Database): D1Database {
  if (Object.hasOwn(database, 'withSession')) return database
  const session = {
    prepare: (query: string) => database.prepare(query),
    batch: (statements: D1PreparedStatement[]) => database.batch(statements),
    getBookmark: () => null,
  }
  const whole = known.get(database) ?? ({ ...session, withSession: () => session } as unknown as D1Database)
  known.set(database, whole)
  return whole
}
