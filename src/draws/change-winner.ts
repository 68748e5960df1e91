/** The one way in which a winner's status changes by a person: a guarded update, and the raffle is looked at again. */

import { and, eq, inArray, type SQL } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { type WinnerRow, type WinnerStatus, winners } from './schema.ts'

export interface WinnerChange {
  winner: WinnerRow
  from: readonly WinnerStatus[]
  set: Partial<WinnerRow> & { status: WinnerStatus }
  /** What must hold besides `from`, in the same statement. */
  guard?: SQL
  /** What follows from the change, in the same transaction; each asks of the winner itself whether it has happened. */
  follow?: BatchItem<'sqlite'>[]
  /** What the organisation has done; a player's own claim is the winner's record, not the audit's. */
  audited?: AuditEntry
  /** What to say where it does not hold (any more). */
  otherwise: string
}

/** Of two changes at a time one takes effect; the other is told the state it met. */
export async function changeWinner(
  ctx: Ctx,
  { winner, from, set, guard, follow = [], audited, otherwise }: WinnerChange,
): Promise<WinnerRow> {
  const update = ctx.db
    .update(winners)
    .set({ ...set, updatedAt: ctx.now })
    .where(and(eq(winners.id, winner.id), inArray(winners.status, [...from]), guard))
    .returning()
  // Also where the update matches nothing: looking once more costs nothing, and a lost answer may be repeated.
  const [[changed]] = await ctx.db.batch([
    update,
    ...(audited === undefined ? [] : [insertAudit(ctx, audited)]),
    makeDueNow(ctx, winner.raffleId),
    ...follow,
  ])
  if (changed === undefined) throw new Problem('invalid_state', otherwise)
  return changed
}
