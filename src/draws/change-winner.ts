/** The only way in which a person changes a winner's status: a guarded update that also makes the raffle due. */
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
  /** A further condition, in the same statement as `from`. */
  guard?: SQL
  /** Statements that follow from the change, in the same transaction; each one checks the winner's row itself. */
  follow?: BatchItem<'sqlite'>[]
  /** For an action of the organisation. A player's own claim needs no audit row, because the winner's row shows it. */
  audited?: AuditEntry
  /** The message if the guard fails. */
  otherwise: string
}

/** Of two concurrent changes one takes effect; the other fails with `invalid_state`. */
export async function changeWinner(
  ctx: Ctx,
  { winner, from, set, guard, follow = [], audited, otherwise }: WinnerChange,
): Promise<WinnerRow> {
  const update = ctx.db
    .update(winners)
    .set({ ...set, updatedAt: ctx.now })
    .where(and(eq(winners.id, winner.id), inArray(winners.status, [...from]), guard))
    .returning()
  // The raffle becomes due even if the update matches nothing: one more check is cheap, and this may repeat a lost answer.
  const [[changed]] = await ctx.db.batch([
    update,
    ...(audited === undefined ? [] : [insertAudit(ctx, audited)]),
    makeDueNow(ctx, winner.raffleId),
    ...follow,
  ])
  if (changed === undefined) throw new Problem('invalid_state', otherwise)
  return changed
}
