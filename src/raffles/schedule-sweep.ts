/** Schedules the sweep of a raffle: before a call that changes its pool, so that a crash is repaired; or for now. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { raffles } from './schema.ts'

/** The pool stops accepting a change this long before the sweep runs, because a clock may be a little behind. */
const LEEWAY_MS = 5 * SECOND_MS

/** The deadlines of a change to a pool. */
export interface FollowUp {
  /** When the sweep checks the raffle (ms): by then the change is done or has crashed. */
  dueAt: number
  /** Until when the pool accepts the change (ms), so that nothing changes there after the sweep's check. */
  until: number
}

export function followUp(): FollowUp {
  const dueAt = Date.now() + MINUTE_MS
  return { dueAt, until: dueAt - LEEWAY_MS }
}

/** False if the raffle no longer exists. */
export async function scheduleSweep(ctx: Ctx, id: string, { dueAt }: FollowUp): Promise<boolean> {
  const scheduled = await ctx.db
    .update(raffles)
    .set({ dueAt })
    .where(eq(raffles.id, id))
    .returning({ id: raffles.id })
  return scheduled.length > 0
}

/** A statement to batch with a winner's change: the next sweep checks the raffle. */
export const makeDueNow = (ctx: Ctx, id: string) =>
  ctx.db
    .update(raffles)
    .set({
      dueAt: sql`min(coalesce(${raffles.dueAt}, ${ctx.now}), ${ctx.now})`,
      // Bump `revision` even if `dueAt` is unchanged, so that a sweep with a stale read fails its guarded update.
      revision: sql`${raffles.revision} + 1`,
    })
    .where(eq(raffles.id, id))
