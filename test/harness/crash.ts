// A process that dies at one of its calls outside: to the database, in which the sandbox keeps its books too, to a pool,
// or to whatever else a test has it call.
import { env } from 'cloudflare:workers'
import type { Bindings } from '../../src/core/context.ts'

/** What the log says of a call that the death of the process met. */
export const DIED = 'the process has died'

/** What every call throws once the process is dead: nothing that a retry would take for a passing failure. */
export class Crash extends Error {
  constructor() {
    super(DIED)
    this.name = 'Crash'
  }
}

/**
 * Where a process dies: when the `nth` of its calls that change something has had its effect and the answer is lost,
 * or instead of the `nth` that it would make beside others. Dying before a call that it makes alone leaves what dying
 * after the one before it did; reads are not counted, since a process waits and reads again under load.
 */
export interface Death {
  when: 'after' | 'beside'
  nth: number
}

export interface CrashableProcess {
  bindings: Pick<Bindings, 'DB' | 'TICKET_POOL'>
  /** A call to somewhere else that changes something there. */
  outside<Result>(work: () => Promise<Result>): Promise<Result>
  isDead(): boolean
  /** How many of the places where it might have died it has come to. */
  passed(): number
  /** Until every call that was under way when it died has ended: nothing of it happens later. */
  settled(): Promise<void>
}

const NEVER: Death = { when: 'after', nth: Number.POSITIVE_INFINITY }

/** More than anything that is tried so makes changes. */
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
    // Whoever would hear the answer is no more.
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

/** Every place in turn where a process can die, up to one that it has outlived; `one` says whether it died there. */
export async function everyDeath(one: (death: Death, where: string) => Promise<boolean>): Promise<void> {
  await someDeaths(1, async (death, where) => ((await one(death, where)) ? null : death.nth - 1))
}

/**
 * The first place where a process can die, every `stride`th after it, and the last. `one` gives null where it died, or
 * how many places it has passed alive.
 */
export async function someDeaths(
  stride: number,
  one: (death: Death, where: string) => Promise<number | null>,
): Promise<void> {
  let died = 0
  const passedAt = async (when: Death['when'], nth: number): Promise<number | null> => {
    const passed = await one({ when, nth }, `died ${when} ${nth}`)
    if (passed === null && ++died > MOST_DEATHS) throw new Error('What it does has no end.')
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
  if (died === 0) throw new Error('It changes nothing: there is nowhere to die.')
}
