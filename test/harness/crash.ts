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

/** One that it has made. */
export interface Call {
  /** It has changed nothing in the database: dying just before it or just after it leaves the same. */
  isIdle: boolean
  /** No other call of the process was under way when it began. */
  isAlone: boolean
}

export interface CrashableProcess {
  bindings: Pick<Bindings, 'DB' | 'TICKET_POOL'>
  calls(): readonly Call[]
  isDead(): boolean
  /** Until every call that was under way when it died has ended: nothing of it happens later. */
  settled(): Promise<void>
}

const RUNS = ['first', 'all', 'run', 'raw']
const isRead = (query: string): boolean => /^\s*select/i.test(query)

/** It dies at call `at` (from 1 on), before the call has its effect or when it has had it and the answer is lost. */
export function crashableProcess(
  at = Number.POSITIVE_INFINITY,
  when: CrashWhen = 'before',
): CrashableProcess {
  const calls: Call[] = []
  let dead = false
  const underWay = new Set<Promise<unknown>>()

  const run: Run = async (work, isRead) => {
    if (dead) throw new Crash()
    const call = { isIdle: isRead, isAlone: underWay.size === 0 }
    dead = calls.push(call) === at
    if (dead && when === 'before') throw new Crash()
    const working = work()
    underWay.add(working)
    const [ended] = await Promise.allSettled([working])
    underWay.delete(working)
    // Whoever would hear the answer is no more.
    if (dead) throw new Crash()
    if (ended.status === 'rejected') throw ended.reason
    call.isIdle ||= hasWrittenNothing(ended.value)
    return ended.value
  }

  return {
    bindings: { DB: database(run), TICKET_POOL: pools(run) },
    calls: () => calls,
    isDead: () => dead,
    settled: async () => void (await Promise.allSettled(underWay)),
  }
}

/** As far as the database says so itself, as it does of everything but bare rows. */
function hasWrittenNothing(answer: unknown): boolean {
  const answers = (Array.isArray(answer) ? answer : [answer]) as (Partial<D1Result> | undefined)[]
  return answers.length > 0 && answers.every((each) => each?.meta?.rows_written === 0)
}

type Run = <Result>(work: () => Promise<Result>, isRead: boolean) => Promise<Result>

function database(run: Run): D1Database {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; reads: boolean }>()
  const wrap = (statement: D1PreparedStatement, reads: boolean): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values), reads)
        if (!RUNS.includes(String(name))) return method?.bind?.(target) ?? method
        return (...args: unknown[]) => run(() => method.apply(target, args), reads)
      },
    })
    originals.set(wrapped, { statement, reads })
    return wrapped
  }
  return {
    prepare: (query: string) => wrap(env.DB.prepare(query), isRead(query)),
    batch: (wrapped: D1PreparedStatement[]) => {
      const each = wrapped.map((one) => originals.get(one) ?? { statement: one, reads: false })
      return run(
        () => env.DB.batch(each.map(({ statement }) => statement)),
        each.every(({ reads }) => reads),
      )
    },
    exec: (query: string) => run(() => env.DB.exec(query), false),
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
            run(() => target[String(name)]!(...values), false),
      })
    },
  } as unknown as DurableObjectNamespace
}
