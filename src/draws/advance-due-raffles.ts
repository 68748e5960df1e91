/** Sweeps raffles: advances each due raffle as far as possible, the oldest first. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { MINUTE_MS } from '../core/time.ts'
import { raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { advanceRaffle } from './advance-raffle.ts'
import { withNewResults } from './official-results.ts'

/** Ends before the next sweep starts, a minute after this one; that sweep does the rest. */
const MAX_PASS_MS = 50_000
/** A raffle that is due for longer than this is logged as overdue. */
const OVERDUE_AFTER_MS = 2 * MINUTE_MS

export interface SweepResult {
  advanced: number
  overdue: number
  failed: number
}

export async function advanceDueRaffles(ctx: Ctx): Promise<SweepResult> {
  const result: SweepResult = { advanced: 0, overdue: 0, failed: 0 }
  const { failed } = await sweepRows(ctx, {
    name: 'raffle',
    page: (limit) => dueRaffles(ctx, limit),
    one: (raffle) => advanceOne(ctx, raffle, result),
    maxPassMs: MAX_PASS_MS,
  })
  return { ...result, failed }
}

async function advanceOne(ctx: Ctx, { id, dueAt }: DueRaffle, result: SweepResult): Promise<void> {
  const { done, overdue } = await advanceRaffle(ctx, id)
  if (done.length > 0) {
    ctx.log.info('raffle advanced', { raffleId: id, steps: done.join(' ') })
    result.advanced++
  }
  if (overdue === null) return
  const isLate = ctx.now - dueAt > OVERDUE_AFTER_MS
  if (isLate) result.overdue++
  ctx.log.warn(isLate ? 'raffle overdue' : 'raffle waits', { raffleId: id, dueAt, reason: overdue })
}

interface DueRaffle {
  id: string
  dueAt: number
}

/** Raffles that are due by their own `due_at`, by their pool's, or because their lottery has a new result, the oldest first. */
const dueRaffles = (ctx: Ctx, limit: number): Promise<DueRaffle[]> =>
  ctx.db.all<DueRaffle>(sql`
    SELECT id, min(due_at) AS dueAt FROM (
      SELECT ${raffles.id} AS id, ${raffles.dueAt} AS due_at FROM ${raffles} WHERE ${raffles.dueAt} <= ${ctx.now}
      UNION ALL
      SELECT ${pools.itemId}, ${pools.dueAt} FROM ${pools} WHERE ${pools.dueAt} <= ${ctx.now}
      UNION ALL ${withNewResults(ctx)}
    ) GROUP BY id ORDER BY dueAt, id LIMIT ${limit}`)
