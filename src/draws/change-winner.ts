/** The only way in which a person changes a winner's status: a guarded update that also makes the raffle due. */
import { and, eq, inArray, not, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { type WinnerRow, type WinnerStatus, winners } from './schema.ts'
import { isUnderReview, readReview } from './under-review.ts'

export interface WinnerChange {
  winner: WinnerRow
  from: readonly WinnerStatus[]
  set: Partial<WinnerRow> & { status: WinnerStatus }
  /** Refuses the change while the winner is under review, with this text; `decides`: the change ends the review. */
  review: ((until: number) => string) | 'decides'
  /** A further condition, in the same statement as `from`. */
  guard?: SQL
  /** Statements that follow from the change, in the same transaction; each one checks the winner's row itself. */
  follow?: BatchItem<'sqlite'>[]
  /** For an action of the organisation. A player's own claim needs no audit row, because the winner's row shows it. */
  audited?: AuditEntry
  /** Asked first if a guard fails: throws if it knows why. */
  onRefusal?: () => Promise<void>
  /** The message if a guard fails, for the winner as stored then. */
  otherwise: (winner: WinnerRow) => string
}

/** Later than every earlier change, so that two changes in one millisecond differ too. */
export const nextUpdate = (ctx: Ctx): SQL => sql`max(${winners.updatedAt} + 1, ${ctx.now})`

/** Of two concurrent changes one takes effect; the other fails with `invalid_state`. */
export async function changeWinner(
  ctx: Ctx,
  { winner, from, set, review, guard, follow = [], audited, onRefusal, otherwise }: WinnerChange,
): Promise<WinnerRow> {
  const update = ctx.db
    .update(winners)
    .set({ ...set, updatedAt: nextUpdate(ctx) })
    .where(
      and(
        eq(winners.id, winner.id),
        inArray(winners.status, [...from]),
        review === 'decides' ? undefined : not(isUnderReview(ctx, winner.id)),
        guard,
      ),
    )
    .returning()
  // The raffle becomes due even if the update matches nothing: one more check is cheap, and this may repeat a lost answer.
  const [[changed]] = await ctx.db.batch([
    update,
    ...(audited === undefined ? [] : [insertAudit(ctx, audited)]),
    makeDueNow(ctx, winner.raffleId),
    ...follow,
  ])
  if (changed !== undefined) return changed
  await onRefusal?.()
  const stored = (await readReview(ctx, winner.id))!
  throw new Problem(
    'invalid_state',
    review !== 'decides' && stored.until !== null ? review(stored.until) : otherwise(stored.winner),
  )
}
