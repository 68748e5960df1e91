// Runs a flow once for each place where its process can die; what is left must be made good by the sweep.
import { env } from 'cloudflare:workers'
import { expect, inject } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { type CrashableProcess, crashableProcess, type Death, someDeaths } from '../harness/crash.ts'
import { at, MINUTE, ringAlarm, type Staged } from '../raffles/scenario.ts'
import { audit } from '../simulation/invariants.ts'

/** Past `HOLD_SECONDS` and what the pool grants beyond. */
export const HOLDS_MS = 13 * MINUTE

export interface Flow<Stage> {
  /** What the process will act upon, made anew each time. */
  stage(): Promise<Stage>
  /** What the process is asked to do, one request after the other, until it dies. */
  act(stage: Stage, ask: Ask): Promise<unknown>
  /** Every raffle that it is about. */
  raffles(stage: Stage): Staged[]
  /** What was put into the stock of every product that it is about. */
  stock?: ReadonlyMap<string, number>
  /** The process makes a sweep, which would go on with what others have left: so the next sweep follows each time. */
  sweeps?: true
  /** Once all is over: what should be and is not, in sentences. */
  wrong?(stage: Stage): Promise<string[]>
}

/**
 * Sends a request, or makes a sweep; throws where the process dies by it, and nobody hears an answer. What it calls that
 * is no binding goes through `outside`.
 */
export type Ask = <Heard>(
  request: (bindings: Partial<Bindings>, outside: CrashableProcess['outside']) => Promise<Heard>,
) => Promise<Heard>

/** By a process that lives on. */
export const alive: Ask = (request) => request({}, (work) => work())

const asking =
  (process: CrashableProcess): Ask =>
  async (request) => {
    const heard = await request(process.bindings, process.outside)
    if (process.isDead()) throw new Error('nobody hears the answer')
    return heard
  }

/** A process of its own acts, and dies where it is told. */
async function actOnce<Stage>(flow: Flow<Stage>, stage: Stage, death?: Death): Promise<CrashableProcess> {
  const process = crashableProcess(death)
  await flow.act(stage, asking(process)).catch((error: unknown) => {
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
 * Wherever the process can die, twice: whoever asked asks again, or nobody does and the sweep must make it good. In
 * `npm test` it dies at the first place, at every `crashStride`th after it, and at the last; `npm run crash` takes all.
 */
export async function everyCrash<Stage>(flow: Flow<Stage>): Promise<void> {
  const { stock } = flow
  /** What does not hold even while something is left to do. */
  const torn: string[] = []
  const attempts: Attempt<Stage>[] = []
  const finish = async (stage: Stage, what: string) => {
    attempts.push({ stage, what })
    if (flow.sweeps) await runOut(flow.raffles(stage), 1)
  }
  // What other tests have left to do is over first: a process dies of its own calls.
  if (flow.sweeps) await runSweep(env, Date.now())
  await someDeaths(inject('crashStride'), async (death, where) => {
    const stage = await flow.stage()
    const { isDead, passed } = await actOnce(flow, stage, death)
    if (isDead()) torn.push(...(await tornBy(flow, stage)).map((each) => `${each}: ${where}`))
    await finish(stage, isDead() ? where : `outlived: ${where}`)
    if (isDead() && !flow.sweeps) {
      const again = await flow.stage()
      await actOnce(flow, again, death)
      await actOnce(flow, again)
      await finish(again, `${where}, was asked again`)
    }
    return isDead() ? null : passed()
  })
  await runOut(rafflesOf(flow, attempts), 3)
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

/** What was done to whatever a sentence names. */
function attemptsNamed<Stage>(sentence: string, attempts: Attempt<Stage>[]): string[] {
  const ids = sentence.match(/[a-z]+_\w{26}/g) ?? []
  const isNamed = ({ stage }: Attempt<Stage>) => ids.some((id) => JSON.stringify(stage).includes(id))
  return attempts.filter(isNamed).map(({ what }) => what)
}

/** Lets every hold run out, and gives the sweep some minutes. */
export async function runOut(raffles: Staged[], sweeps: number): Promise<void> {
  const from = Date.now() + HOLDS_MS
  at(from)
  for (const { pool } of raffles) await ringAlarm(pool)
  for (let minute = 0; minute < sweeps; minute++) {
    at(from + 2 * minute * MINUTE)
    await runSweep(env, Date.now())
  }
}
