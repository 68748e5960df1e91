/** Asks the sweep to look at a raffle: before its pool is asked to change, so that a crash is followed up; or now. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { raffles } from './schema.ts'

/** At `dueAt`, when what is under way has been done or has died. False: there is no such raffle any more. */
export async function lookAgain(ctx: Ctx, id: string, dueAt = Date.now() + MINUTE_MS): Promise<boolean> {
  const noted = await ctx.db
    .update(raffles)
    .set({ dueAt })
    .where(eq(raffles.id, id))
    .returning({ id: raffles.id })
  return noted.length > 0
}

/** A statement, to be batched with what changed about a winner: the next sweep looks at the raffle. */
export const lookAgainNow = (ctx: Ctx, id: string) =>
  ctx.db
    .update(raffles)
    .set({
      dueAt: sql`min(coalesce(${raffles.dueAt}, ${ctx.now}), ${ctx.now})`,
      // Where `due_at` stays as it was, a sweep under way must still see that it read too early to put it off.
      revision: sql`${raffles.revision} + 1`,
    })
    .where(eq(raffles.id, id))
