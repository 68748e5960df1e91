/** The one way in which a winner's status changes by a person: a guarded update, and the raffle is looked at again. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { raffles } from '../raffles/schema.ts'
import { type WinnerRow, type WinnerStatus, winners } from './schema.ts'

export interface WinnerChange {
  winner: WinnerRow
  from: readonly WinnerStatus[]
  set: Partial<WinnerRow> & { status: WinnerStatus }
  /** What to say where `from` does not hold (any more). */
  otherwise: string
}

/** Of two changes at a time one takes effect; the other is told the state it met. */
export async function changeWinner(
  ctx: Ctx,
  { winner, from, set, otherwise }: WinnerChange,
): Promise<WinnerRow> {
  const update = ctx.db
    .update(winners)
    .set({ ...set, updatedAt: ctx.now })
    .where(and(eq(winners.id, winner.id), inArray(winners.status, [...from])))
    .returning()
  // Also where the update matches nothing: looking once more costs nothing, and a lost answer may be repeated.
  const lookAgain = ctx.db
    .update(raffles)
    .set({
      dueAt: sql`min(coalesce(${raffles.dueAt}, ${ctx.now}), ${ctx.now})`,
      // Where `due_at` stays as it was, a sweep under way must still see that it read too early to put it off.
      revision: sql`${raffles.revision} + 1`,
    })
    .where(eq(raffles.id, winner.raffleId))
  const [[changed]] = await ctx.db.batch([update, lookAgain])
  if (changed === undefined) throw new Problem('invalid_state', otherwise)
  return changed
}
