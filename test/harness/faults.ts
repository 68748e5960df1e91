/** Databases that fail as D1 does: at once, or only after they have done what was asked; and pools that are gone. */

/** Every statement fails with `message`, as the binding throws it. */
export function failingDatabase(message: string): D1Database {
  const fail = async () => {
    throw new Error(message)
  }
  const statement = { bind: () => statement, first: fail, all: fail, run: fail, raw: fail }
  return { prepare: () => statement, batch: fail, exec: fail } as unknown as D1Database
}

const RUNS = ['first', 'all', 'run', 'raw']

const isWrite = (query: string): boolean => /^\s*(insert|update|delete)/i.test(query)

/** The first `times` that it is forgetful of are done and their answers lost, so that whoever asked cannot know; then all is well. */
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

/** No pool can be reached. */
export const AWAY = {
  TICKET_POOL: {
    getByName: () => {
      throw new Error('the object is gone')
    },
  } as unknown as DurableObjectNamespace,
}
