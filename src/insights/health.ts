/** The health check: the database answers, the sweep runs, and no raffle is overdue. */
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS, toInstant } from '../core/time.ts'
import type { Health } from './contract.ts'
import { lastSweep } from './sweeps.ts'

/** The platform may delay or skip a sweep. Three minutes without one is a failure. */
const SWEEP_MISSING_AFTER_MS = 3 * MINUTE_MS

export async function readHealth(ctx: Ctx): Promise<Health> {
  const problems: string[] = []
  let database: Health['database'] = 'ok'
  let sweptAt: number | null = null
  try {
    const sweep = await lastSweep(ctx)
    sweptAt = sweep?.finishedAt ?? null
    if (sweptAt === null) problems.push('The sweep has never run.')
    else if (ctx.now - sweptAt > SWEEP_MISSING_AFTER_MS) {
      problems.push(`The sweep last ran ${Math.round((ctx.now - sweptAt) / MINUTE_MS)} minutes ago.`)
    }
    if (sweep !== null && sweep.overdue > 0)
      problems.push(`${sweep.overdue} raffles are due but could not continue.`)
  } catch (error) {
    ctx.log.error('health: the database does not answer', { error })
    database = 'unavailable'
    problems.push('The database does not answer.')
  }
  return {
    status: problems.length === 0 ? 'ok' : 'degraded',
    database,
    lastSweepAt: sweptAt === null ? null : toInstant(sweptAt),
    problems,
  }
}
