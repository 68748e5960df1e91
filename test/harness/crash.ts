// A process that dies at one of its calls outside: to the database, in which the sandbox keeps its books too, or to a pool.
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'

/** What every call throws once the process is dead: nothing that a retry would take for a passing failure. */
export class Crash extends Error {
  constructor() {
    super('the process has died')
    this.name = 'Crash'
  }
}

export type CrashWhen = 'before' | 'after'

export interface CrashableProcess {
  bindings: Pick<Bindings, 'DB' | 'TICKET_POOL'>
  /** How many calls it has made. */
  calls(): number
  isDead(): boolean
  /** Until every call that was under way when it died has ended: nothing of it happens later. */
  settled(): Promise<void>
}

const RUNS = ['first', 'all', 'run', 'raw']

/** It dies at call `at` (from 1 on), before the call has its effect or when it has had it and the answer is lost. */
export function crashableProcess(
  at = Number.POSITIVE_INFINITY,
  when: CrashWhen = 'before',
): CrashableProcess {
  let calls = 0
  let dead = false
  const underWay = new Set<Promise<unknown>>()

  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (dead) throw new Crash()
    dead = ++calls === at
    if (dead && when === 'before') throw new Crash()
    const working = work()
    underWay.add(working)
    const [ended] = await Promise.allSettled([working])
    underWay.delete(working)
    // Whoever would hear the answer is no more.
    if (dead) throw new Crash()
    if (ended.status === 'rejected') throw ended.reason
    return ended.value
  }

  return {
    bindings: { DB: database(run), TICKET_POOL: pools(run) },
    calls: () => calls,
    isDead: () => dead,
    settled: async () => void (await Promise.allSettled(underWay)),
  }
}

type Run = <Result>(work: () => Promise<Result>) => Promise<Result>

function database(run: Run): D1Database {
  const originals = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values))
        if (!RUNS.includes(String(name))) return method?.bind?.(target) ?? method
        return (...args: unknown[]) => run(() => method.apply(target, args))
      },
    })
    originals.set(wrapped, statement)
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(env.DB.prepare(query)),
    batch: (statements: D1PreparedStatement[]) =>
      run(() => env.DB.batch(statements.map((each) => originals.get(each) ?? each))),
    exec: (query: string) => run(() => env.DB.exec(query)),
  } as unknown as D1Database
}

type Method = (...args: unknown[]) => Promise<unknown>

/** Only by name, as `tickets/client.ts` asks for them; an object is a process of its own and lives on. */
function pools(run: Run): DurableObjectNamespace {
  return {
    getByName: (...args: Parameters<DurableObjectNamespace['getByName']>) => {
      const stub = env.TICKET_POOL.getByName(...args) as unknown as Record<string, Method>
      return new Proxy(stub, {
        get:
          (target, name) =>
          (...values: unknown[]) =>
            run(() => target[String(name)]!(...values)),
      })
    },
  } as unknown as DurableObjectNamespace
}
