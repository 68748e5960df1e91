/** The sweep over raffles: everything due, oldest first, a few at a time; one raffle's failure never stops another's. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { raffles } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import { advanceRaffle } from './advance-raffle.ts'

/** The platform lets six connections be open at once. */
const AT_A_TIME = 5
const RAFFLES_A_PAGE = 200
/** A sweep that began a minute ago meets the next one; what is left is due then too. */
const MAX_PASS_MS = 50_000
/** What is due for longer than this is told of as overdue. */
const OVERDUE_AFTER_MS = 2 * MINUTE_MS

export interface SweepResult {
  advanced: number
  overdue: number
  failed: number
}

export async function advanceDueRaffles(ctx: Ctx): Promise<SweepResult> {
  const result: SweepResult = { advanced: 0, overdue: 0, failed: 0 }
  const startedAt = Date.now()
  let last: DueRaffle | undefined
  do {
    const queue = await dueRaffles(ctx, last)
    last = queue.at(-1)
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        await advanceOne(ctx, next, result)
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
    // Onwards past what could not be done, so that many stuck raffles do not starve the rest.
  } while (last !== undefined && Date.now() - startedAt < MAX_PASS_MS)
  return result
}

async function advanceOne(ctx: Ctx, { id, dueAt }: DueRaffle, result: SweepResult): Promise<void> {
  const late = ctx.now - dueAt > OVERDUE_AFTER_MS
  try {
    const { done, overdue } = await advanceRaffle(ctx, id)
    if (done.length > 0) ctx.log.info('raffle advanced', { raffleId: id, steps: done.join(' ') })
    if (done.length > 0) result.advanced++
    if (overdue === null) return
    if (late) result.overdue++
    ctx.log.warn(late ? 'raffle overdue' : 'raffle waits', { raffleId: id, dueAt, reason: overdue })
  } catch (error) {
    result.failed++
    ctx.log.error('raffle not advanced', { raffleId: id, dueAt, error })
  }
}

interface DueRaffle {
  id: string
  dueAt: number
}

/** Due by the raffle's own clock or by its pool's, the oldest first. Two indexes, one list. */
async function dueRaffles(ctx: Ctx, after: DueRaffle | undefined): Promise<DueRaffle[]> {
  const { dueAt, id } = after ?? { dueAt: 0, id: '' }
  return ctx.db.all<DueRaffle>(sql`
    SELECT id, min(due_at) AS dueAt FROM (
      SELECT ${raffles.id} AS id, ${raffles.dueAt} AS due_at FROM ${raffles} WHERE ${raffles.dueAt} <= ${ctx.now}
      UNION ALL
      SELECT ${pools.itemId}, ${pools.dueAt} FROM ${pools} WHERE ${pools.dueAt} <= ${ctx.now}
    ) GROUP BY id HAVING (min(due_at), id) > (${dueAt}, ${id}) ORDER BY dueAt, id LIMIT ${RAFFLES_A_PAGE}`)
}
