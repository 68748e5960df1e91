// A process that dies at one of its calls to the database, to a pool, or to anything that a test passes to `outside`. The
// database also holds the sandbox's own records.
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'

/** The log's reason for a call that failed because the process died. */
export const DIED = 'the process has died'

/** Every call of a dead process throws this. Retries must not mistake it for a temporary failure. */
export class Crash extends Error {
  constructor() {
    super(DIED)
    this.name = 'Crash'
  }
}

/**
 * Where a process dies. `after`: the `nth` call that changes something took effect, and its response is lost. `beside`:
 * instead of the `nth` call that starts while others run. A call that runs alone needs no death before it: the one after
 * its predecessor leaves the same state. Reads do not count, because their number depends on load: a process polls.
 */
export interface Death {
  when: 'after' | 'beside'
  nth: number
}

export interface CrashableProcess {
  bindings: Pick<Bindings, 'DB' | 'TICKET_POOL'>
  /** Runs a call to another system that changes something there. */
  outside<Result>(work: () => Promise<Result>): Promise<Result>
  isDead(): boolean
  /** How many possible places of its death it has reached. */
  passed(): number
  /** Waits for the calls that were running when it died, so that none of them takes effect later. */
  settled(): Promise<void>
}

const NEVER: Death = { when: 'after', nth: Number.POSITIVE_INFINITY }

/** More than the changes that any tested process makes. */
const MOST_DEATHS = 200

const RUNS = ['first', 'all', 'run', 'raw']
const isRead = (query: string): boolean => /^\s*select/i.test(query)

export function crashableProcess(death: Death = NEVER): CrashableProcess {
  let dead = false
  let counted = 0
  const underWay = new Set<Promise<unknown>>()
  const dieIf = (when: Death['when']) => {
    if (when === death.when && ++counted === death.nth) dead = true
    if (dead) throw new Crash()
  }

  const run: Run = async (work, isRead) => {
    if (dead) throw new Crash()
    if (!isRead && underWay.size > 0) dieIf('beside')
    const working = work()
    underWay.add(working)
    const [ended] = await Promise.allSettled([working])
    underWay.delete(working)
    // The process died while this call ran, so its response is lost.
    if (dead) throw new Crash()
    if (!isRead && !(ended.status === 'fulfilled' && hasWrittenNothing(ended.value))) dieIf('after')
    if (ended.status === 'rejected') throw ended.reason
    return ended.value
  }

  return {
    bindings: { DB: database(run), TICKET_POOL: pools(run) },
    outside: (work) => run(work, false),
    isDead: () => dead,
    passed: () => counted,
    settled: async () => void (await Promise.allSettled(underWay)),
  }
}

/** Whether the database reports that it wrote no rows. It reports this for every result except `raw` and `first`. */
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

/** Only `getByName`, as in `tickets/client.ts`. A pool's object is another process and does not die. */
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

/** Tries each place where a process can die, until it survives one. `one` returns whether it died there. */
export async function everyDeath(one: (death: Death, where: string) => Promise<boolean>): Promise<void> {
  await someDeaths(1, async (death, where) => ((await one(death, where)) ? null : death.nth - 1))
}

/**
 * Tries the first place where a process can die, every `stride`th after it, and the last. `one` returns null if the
 * process died there, else how many such places it survived.
 */
export async function someDeaths(
  stride: number,
  one: (death: Death, where: string) => Promise<number | null>,
): Promise<void> {
  let died = 0
  const passedAt = async (when: Death['when'], nth: number): Promise<number | null> => {
    const passed = await one({ when, nth }, `died ${when} ${nth}`)
    if (passed === null && ++died > MOST_DEATHS)
      throw new Error(`The process died at more than ${MOST_DEATHS} places.`)
    return passed
  }
  for (const when of ['after', 'beside'] as const) {
    let [last, next] = [0, 1]
    let passed = await passedAt(when, next)
    while (passed === null) {
      last = next
      next += stride
      passed = await passedAt(when, next)
    }
    if (passed > last) await passedAt(when, passed)
  }
  if (died === 0) throw new Error('The process changes nothing, so it cannot die anywhere.')
}
