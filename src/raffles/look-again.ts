/** Asks the sweep to look at a raffle, before its pool is asked to change: so that a crash in between is followed up. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS } from '../core/time.ts'
import { raffles } from './schema.ts'

/** In a minute, when the request under way has long been answered or has died. False: there is no such raffle any more. */
export async function lookAgain(ctx: Ctx, id: string): Promise<boolean> {
  const noted = await ctx.db
    .update(raffles)
    .set({ dueAt: ctx.now + MINUTE_MS })
    .where(eq(raffles.id, id))
    .returning({ id: raffles.id })
  return noted.length > 0
}
