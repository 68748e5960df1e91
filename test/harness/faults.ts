/** Databases that fail as D1 does, before or after the write took effect, and pools that cannot be reached. */

/** Every statement throws `message`, as D1's binding does. If `others` is given, only those that match `of` do. */
export function failingDatabase(message: string, of = /^/, others?: D1Database): D1Database {
  const fail = async () => {
    throw new Error(message)
  }
  const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail }
  const prepare = (query: string) =>
    others === undefined || of.test(query) ? statement : others.prepare(query)
  return { prepare, batch: fail, exec: fail } as unknown as D1Database
}

const RUNS = ['first', 'all', 'run', 'raw']

const isWrite = (query: string): boolean => /^\s*(insert|update|delete)/i.test(query)

/** Runs the first `times` statements that match `of` and loses their responses, so the caller cannot know. Then it works. */
export function forgetfulDatabase(
  database: D1Database,
  times: number,
  { of = isWrite, message = 'D1_ERROR: Network connection lost.' } = {},
): { DB: D1Database; lost: () => number } {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; isLost: boolean }>()
  let lost = 0

  const losing = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    const result = await work()
    if (lost >= times) return result
    lost++
    throw new Error(message)
  }

  const wrap = (statement: D1PreparedStatement, isLost: boolean): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values), isLost)
        if (!RUNS.includes(String(name)) || !isLost) return method?.bind?.(target) ?? method
        return (...args: unknown[]) => losing(() => method.apply(target, args))
      },
    })
    originals.set(wrapped, { statement, isLost })
    return wrapped
  }

  const DB = {
    prepare: (query: string) => wrap(database.prepare(query), of(query)),
    batch: (wrapped: D1PreparedStatement[]) => {
      const each = wrapped.map((one) => originals.get(one) ?? { statement: one, isLost: false })
      const work = () => database.batch(each.map(({ statement }) => statement))
      return each.some(({ isLost }) => isLost) ? losing(work) : work()
    },
  } as unknown as D1Database
  return { DB, lost: () => lost }
}

/** Bindings with which no pool can be reached. */
export const AWAY = {
  TICKET_POOL: {
    getByName: () => {
      throw new Error('the object is gone')
    },
  } as unknown as DurableObjectNamespace,
}
