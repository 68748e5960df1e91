/** The real worker on a database whose reads take long. It counts them: `GET /test/reads`. */
import type { Bindings } from '../../src/core/context.ts'
import worker from '../../src/index.ts'

export { DatabaseWriter, TicketPool } from '../../src/index.ts'

/** Long enough that a whole crowd arrives during one read. */
const READ_MS = 250

let reads = 0

const slow = (statement: D1PreparedStatement): D1PreparedStatement =>
  new Proxy(statement, {
    get(target, name) {
      if (name === 'bind') return (...values: unknown[]) => slow(target.bind(...values))
      if (name !== 'raw') return Reflect.get(target, name).bind(target)
      return async () => {
        reads++
        await scheduler.wait(READ_MS)
        return target.raw()
      }
    },
  })

let bindings: Bindings | undefined

/** One object, since the worker parses its settings once for each. */
function bindingsOf(env: Bindings): Bindings {
  const DB: D1Database = new Proxy(env.DB, {
    get(target, name) {
      if (name === 'prepare') return (query: string) => slow(target.prepare(query))
      if (name === 'withSession') return () => ({ prepare: DB.prepare, getBookmark: () => null })
      return Reflect.get(target, name).bind(target)
    },
  })
  bindings ??= { ...env, DB }
  return bindings
}

export default {
  async fetch(request: Request, env: Bindings, ctx: ExecutionContext) {
    if (new URL(request.url).pathname === '/test/reads') return Response.json(reads)
    return worker.fetch(request, bindingsOf(env), ctx)
  },
} satisfies ExportedHandler<Bindings>
