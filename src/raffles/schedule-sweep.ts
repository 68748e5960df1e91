/** Asks the sweep to look at a raffle: before its pool is asked to change, so that a crash is followed up; or now. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { raffles } from './schema.ts'

/** Between the last moment at which a pool takes what was noted and the sweep's look: a clock may be a little behind. */
const LEEWAY_MS = 5 * SECOND_MS

/** A change of a pool that is followed up. */
export interface FollowUp {
  /** When the sweep looks: what is under way has been done by then, or has died. */
  dueAt: number
  /** When the pool takes it at the latest, so that nothing happens there after the sweep has looked. */
  until: number
}

export function followUp(): FollowUp {
  const dueAt = Date.now() + MINUTE_MS
  return { dueAt, until: dueAt - LEEWAY_MS }
}

/** False: there is no such raffle any more. */
export async function scheduleSweep(ctx: Ctx, id: string, { dueAt }: FollowUp): Promise<boolean> {
  const noted = await ctx.db
    .update(raffles)
    .set({ dueAt })
    .where(eq(raffles.id, id))
    .returning({ id: raffles.id })
  return noted.length > 0
}

/** A statement, to be batched with what changed about a winner: the next sweep looks at the raffle. */
export const makeDueNow = (ctx: Ctx, id: string) =>
  ctx.db
    .update(raffles)
    .set({
      dueAt: sql`min(coalesce(${raffles.dueAt}, ${ctx.now}), ${ctx.now})`,
      // Where `due_at` stays as it was, a sweep under way must still see that it read too early to put it off.
      revision: sql`${raffles.revision} + 1`,
    })
    .where(eq(raffles.id, id))
