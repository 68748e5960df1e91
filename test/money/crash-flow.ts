// Runs a flow that moves money once for each call it makes, dying there; what is left must be made good by the sweep.
import { env } from 'cloudflare:workers'
import { expect } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import { runSweep } from '../../src/cron.ts'
import { type CrashableProcess, type CrashWhen, crashableProcess } from '../harness/crash.ts'
import { at, MINUTE, ringAlarm, type Staged } from '../raffles/scenario.ts'
import { audit } from './audit.ts'

/** Past `HOLD_SECONDS` and what the pool grants beyond. */
export const HOLDS_MS = 13 * MINUTE

export interface Flow<Stage> {
  /** What the process will act upon, made anew each time. */
  stage(): Promise<Stage>
  /** What the process is asked to do, one request after the other, until it dies. */
  act(stage: Stage, ask: Ask): Promise<unknown>
  raffle(stage: Stage): Staged
  /** The process makes a sweep, which would go on with what others have left: so that is finished each time. */
  sweeps?: true
  /** Once all is over: what should be and is not, in sentences. */
  wrong?(stage: Stage): Promise<string[]>
}

/** Sends a request, or makes a sweep; throws where the process dies by it, and nobody hears an answer. */
export type Ask = <Heard>(request: (bindings: Partial<Bindings>) => Promise<Heard>) => Promise<Heard>

const asking =
  (process: CrashableProcess): Ask =>
  async (request) => {
    const heard = await request(process.bindings)
    if (process.isDead()) throw new Error('nobody hears the answer')
    return heard
  }

/** A process of its own acts, and dies at call `k`; gives how many calls there were. */
async function actOnce<Stage>(
  flow: Flow<Stage>,
  stage: Stage,
  k?: number,
  when?: CrashWhen,
): Promise<number> {
  const process = crashableProcess(k, when)
  await flow.act(stage, asking(process)).catch((error: unknown) => {
    if (!process.isDead()) throw error
  })
  await process.settled()
  expect(process.isDead(), `it makes call ${k}`).toBe(k !== undefined)
  return process.calls()
}

/** For each call that the flow makes, before it and after it; half of the times whoever asked asks again. */
export async function everyCrash<Stage>(flow: Flow<Stage>): Promise<void> {
  /** What does not hold even while something is left to do. */
  const torn: string[] = []
  const tries: { stage: Stage; what: string }[] = []
  const finish = async (stage: Stage, what: string) => {
    tries.push({ stage, what })
    if (flow.sweeps) await runOut([flow.raffle(stage)], 1)
  }
  const whole = await flow.stage()
  const calls = await actOnce(flow, whole)
  await finish(whole, 'without a crash')
  for (let k = 1; k <= calls; k++) {
    for (const when of ['before', 'after'] as const) {
      const stage = await flow.stage()
      await actOnce(flow, stage, k, when)
      // What it leaves before the next call is the same.
      const now =
        when === 'before' ? [] : await audit(env, { settled: false, raffles: [flow.raffle(stage).id] })
      torn.push(...now.map((each) => `${each}, just after call ${k}`))
      const isRepeated = (k % 2 === 0) === (when === 'before')
      if (isRepeated) await actOnce(flow, stage)
      await finish(stage, `died ${when} call ${k} of ${calls}${isRepeated ? ', was asked again' : ''}`)
    }
  }
  const raffles = new Map(tries.map(({ stage }) => [flow.raffle(stage).id, flow.raffle(stage)]))
  await runOut([...raffles.values()], 3)
  const wrong = await audit(env, { settled: true, raffles: [...raffles.keys()] })
  for (const { stage } of tries) wrong.push(...((await flow.wrong?.(stage)) ?? []))
  const triesOf = (sentence: string) =>
    tries.filter(({ stage }) =>
      sentence.match(/[a-z]+_\w{26}/g)?.some((id) => JSON.stringify(stage).includes(id)),
    )
  const named = wrong.map((each) => [each, triesOf(each).map(({ what }) => what)])
  expect({ torn, named }).toEqual({ torn: [], named: [] })
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
