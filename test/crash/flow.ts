// Runs a flow once for each place where its process can die. The sweep must then finish or undo the rest.
import { env } from 'cloudflare:workers'
import { expect, inject } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { type CrashableProcess, crashableProcess, type Death, someDeaths } from '../harness/crash.ts'
import { at, MINUTE, ringAlarm, type Staged } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'

/** Longer than `HOLD_SECONDS` and the pool's grace period together. */
export const HOLDS_MS = 13 * MINUTE

export interface Flow<Stage> {
  /** Makes new data for the process to act on. */
  stage(): Promise<Stage>
  /** The requests to the process, one after the other, until it dies. */
  act(stage: Stage, send: Send): Promise<unknown>
  /** Every raffle that the flow changes. */
  raffles(stage: Stage): Staged[]
  /** Units ever put into stock, for every product that the flow changes. */
  stock?: ReadonlyMap<string, number>
  /** The process runs a sweep. It would continue the rows of an earlier try, so another sweep follows each try. */
  sweeps?: true
  /** How long its holds last; by default those of the sandbox. */
  holdsMs?: number
  /** What others do before each sweep at the end, such as a provider that repeats an event. */
  meanwhile?(): Promise<unknown>
  /** How many sweeps there are at the end; by default 3. */
  rounds?: number
  /** Called once everything has settled. Returns a sentence for each violation. */
  wrong?(stage: Stage): Promise<string[]>
}

/**
 * Sends a request or runs a sweep. Throws if the process dies during it, because the response is lost. The process calls
 * everything that is not a binding through `outside`.
 */
export type Send = <Result>(
  request: (bindings: Partial<Bindings>, outside: CrashableProcess['outside']) => Promise<Result>,
) => Promise<Result>

/** Sends to a process that does not die. */
export const sendSafely: Send = (request) => request({}, (work) => work())

const sendTo =
  (process: CrashableProcess): Send =>
  async (request) => {
    const response = await request(process.bindings, process.outside)
    if (process.isDead()) throw new Error('the response is lost')
    return response
  }

/** Runs the flow once in a new process, which dies at `death`. */
async function actOnce<Stage>(flow: Flow<Stage>, stage: Stage, death?: Death): Promise<CrashableProcess> {
  const process = crashableProcess(death)
  await flow.act(stage, sendTo(process)).catch((error: unknown) => {
    if (!process.isDead()) throw error
  })
  await process.settled()
  return process
}

interface Attempt<Stage> {
  stage: Stage
  what: string
}

declare module 'vitest' {
  interface ProvidedContext {
    crashStride: number
  }
}

/**
 * Tries each place where the process can die, twice: once the client retries, and once only the sweep recovers. In
 * `npm test` the process dies at the first place, at every `crashStride`th after it, and at the last. `npm run crash`
 * tries all places.
 */
export async function everyCrash<Stage>(flow: Flow<Stage>): Promise<void> {
  const { stock } = flow
  /** Violations that not even unfinished work excuses. */
  const torn: string[] = []
  const attempts: Attempt<Stage>[] = []
  const finish = async (stage: Stage, what: string) => {
    attempts.push({ stage, what })
    if (flow.sweeps) await expireHolds(flow.raffles(stage), 1, flow.holdsMs)
  }
  // Finishes the work that other tests left, so that the process counts only its own calls.
  if (flow.sweeps) await runSweep(env, Date.now())
  await someDeaths(inject('crashStride'), async (death, where) => {
    const stage = await flow.stage()
    const { isDead, passed } = await actOnce(flow, stage, death)
    if (isDead()) torn.push(...(await tornBy(flow, stage)).map((each) => `${each}: ${where}`))
    await finish(stage, isDead() ? where : `survived: ${where}`)
    if (isDead() && !flow.sweeps) {
      const retried = await flow.stage()
      await actOnce(flow, retried, death)
      await actOnce(flow, retried)
      await finish(retried, `${where}, then retried`)
    }
    return isDead() ? null : passed()
  })
  await expireHolds(rafflesOf(flow, attempts), flow.rounds ?? 3, flow.holdsMs, flow.meanwhile)
  const raffles = [...rafflesOf(flow, attempts).map(({ id }) => id), ...(stock?.keys() ?? [])]
  const wrong = await audit(env, { settled: true, raffles, stock })
  for (const { stage } of attempts) wrong.push(...((await flow.wrong?.(stage)) ?? []))
  const named = wrong.map((each) => [each, attemptsNamed(each, attempts)])
  expect({ torn, named }).toEqual({ torn: [], named: [] })
}

async function tornBy<Stage>({ raffles, stock }: Flow<Stage>, stage: Stage): Promise<string[]> {
  const about = [...raffles(stage).map(({ id }) => id), ...(stock?.keys() ?? [])]
  return audit(env, { settled: false, raffles: about, stock })
}

function rafflesOf<Stage>(flow: Flow<Stage>, attempts: Attempt<Stage>[]): Staged[] {
  const all = attempts.flatMap(({ stage }) => flow.raffles(stage))
  return [...new Map(all.map((raffle) => [raffle.id, raffle])).values()]
}

/** What happened in the attempts whose ids a sentence names. */
function attemptsNamed<Stage>(sentence: string, attempts: Attempt<Stage>[]): string[] {
  const ids = sentence.match(/[a-z]+_\w{26}/g) ?? []
  const isNamed = ({ stage }: Attempt<Stage>) => ids.some((id) => JSON.stringify(stage).includes(id))
  return attempts.filter(isNamed).map(({ what }) => what)
}

/** Lets every hold expire, then sweeps `sweeps` times, each time after `meanwhile`. */
export async function expireHolds(
  raffles: Staged[],
  sweeps: number,
  holdsMs = HOLDS_MS,
  meanwhile: Flow<unknown>['meanwhile'] = async () => {},
): Promise<void> {
  const from = Date.now() + holdsMs
  at(from)
  for (const { pool } of raffles) await ringAlarm(pool)
  for (let minute = 0; minute < sweeps; minute++) {
    at(from + 2 * minute * MINUTE)
    await meanwhile()
    await runSweep(env, Date.now())
  }
}
