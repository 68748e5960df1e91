/**
 * A member proposes to disqualify a winner, for a reason. Nothing is decided yet: a second person confirms it, or it
 * lapses. Until then the prize stands still, and the winner's time to claim is longer by that time.
 */
import { and, eq, not, or, type SQL, sql } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import { hasChanged, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { makeDueNow } from '../raffles/schedule-sweep.ts'
import { nextUpdate } from './change-winner.ts'
import type { Winner } from './contract.ts'
import { findWinnerToDecide } from './decide-winner.ts'
import { findWinnerFor, type SelectedWinner } from './find-winner.ts'
import { entryOf } from './manage-winner.ts'
import { presentToMember } from './present.ts'
import { isNotSent, postponePayoutOf } from './prize-payout.ts'
import { disqualifications, winners } from './schema.ts'
import { isUnderReview, REVIEW_MS, reviewText } from './under-review.ts'

/** Members can stop a prize this often. An administrator can still propose, so that this protects no cheat. */
const MAX_PROPOSALS = 3

/** A repeat with the same reason changes nothing. Refused once a provider has the payout. */
export async function proposeDisqualification(ctx: Ctx, id: string, reason: string): Promise<Winner> {
  const found = await findWinnerToDecide(ctx, id)
  const { userId, isAdmin } = await requireLiveUser(ctx)
  const propose = ctx.db
    .update(winners)
    .set({
      claimBy: sql`${winners.claimBy} + iif(${winners.status} = 'announced', ${REVIEW_MS}, 0)`,
      updatedAt: nextUpdate(ctx),
    })
    .where(
      and(
        eq(winners.id, id),
        // If the claim window has ended, the next sweep ends the win.
        or(
          eq(winners.status, 'claimed'),
          and(eq(winners.status, 'announced'), sql`${winners.claimBy} > ${ctx.now}`),
        ),
        isNotSent(id),
        not(isUnderReview(ctx, id)),
        sql`NOT EXISTS (SELECT 1 FROM ${disqualifications} WHERE ${isBy(id, userId)})`,
        isAdmin ? undefined : sql`${countOf(id)} < ${MAX_PROPOSALS}`,
      ),
    )
  const record = ctx.db.insert(disqualifications).select(sql`
    SELECT ${id}, ${userId}, ${reason}, 'proposed', ${ctx.now}, ${ctx.now + REVIEW_MS}, NULL, NULL WHERE ${hasChanged}`)
  await withRetry(() =>
    ctx.db.batch([
      propose,
      record,
      insertAudit(ctx, entryOf(found, 'winner.disqualification_proposed')),
      makeDueNow(ctx, found.raffle.id),
      postponePayoutOf(ctx, id),
    ]),
  )
  // Read it back: this may be a repeat of a call whose answer was lost.
  const now = await findWinnerFor(ctx, id, 'winners:manage')
  if (now.proposal?.proposedBy === userId && now.proposal.reason === reason) return presentToMember(now)
  throw await refusal(ctx, now, userId)
}

async function refusal(ctx: Ctx, { winner, proposal }: SelectedWinner, userId: string): Promise<Problem> {
  if (proposal !== null) return new Problem('invalid_state', reviewText.toMember(proposal.lapsesAt))
  const { count, isMine } = await ctx.db.get<{ count: number; isMine: number }>(sql`
    SELECT ${countOf(winner.id)} AS count,
      EXISTS (SELECT 1 FROM ${disqualifications} WHERE ${isBy(winner.id, userId)}) AS isMine`)
  if (winner.status !== 'announced' && winner.status !== 'claimed') {
    return new Problem('invalid_state', `A winner whose prize is ${winner.status} cannot be disqualified.`)
  }
  if (isMine === 1) {
    return new Problem(
      'invalid_state',
      'You have proposed to disqualify this winner before, and nobody confirmed it: somebody else must propose it now.',
    )
  }
  if (winner.status === 'announced' && winner.claimBy <= ctx.now) {
    return new Problem(
      'invalid_state',
      'The time to claim this prize has ended, so its winner loses it anyway.',
    )
  }
  if (count >= MAX_PROPOSALS) {
    return new Problem(
      'limit_reached',
      `Members have proposed to disqualify this winner ${count} times, and nobody confirmed it: an administrator must propose it now.`,
    )
  }
  return new Problem('invalid_state', 'A winner whose prize is being paid out cannot be disqualified.')
}

const isBy = (winnerId: string, userId: string): SQL =>
  and(eq(disqualifications.winnerId, winnerId), eq(disqualifications.proposedBy, userId))!

const countOf = (winnerId: string): SQL =>
  sql`(SELECT count(*) FROM ${disqualifications} WHERE ${eq(disqualifications.winnerId, winnerId)})`
