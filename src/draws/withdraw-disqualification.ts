/** A member withdraws a proposal to disqualify: one's own, or that of another. The winner keeps the longer time to claim. */
import { and, eq } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import type { Winner } from './contract.ts'
import { findWinnerToDecide, noProposal } from './decide-winner.ts'
import { entryOf } from './manage-winner.ts'
import { presentToMember } from './present.ts'
import { resumePayoutOf } from './prize-payout.ts'
import { disqualifications } from './schema.ts'
import { isPendingFor } from './under-review.ts'

export async function withdrawDisqualification(ctx: Ctx, id: string): Promise<Winner> {
  const found = await findWinnerToDecide(ctx, id)
  if (found.proposal === null) throw noProposal()
  const { proposedBy } = found.proposal
  const [[withdrawn]] = await ctx.db.batch([
    ctx.db
      .update(disqualifications)
      .set({ status: 'withdrawn', decidedBy: requireUser(ctx).userId, decidedAt: ctx.now })
      .where(and(isPendingFor(ctx, id), eq(disqualifications.proposedBy, proposedBy)))
      .returning(),
    insertAudit(ctx, {
      ...entryOf(found, 'winner.disqualification_withdrawn'),
      fields: [`proposedBy.${proposedBy}`],
    }),
    resumePayoutOf(ctx, id),
  ])
  if (withdrawn === undefined) throw noProposal()
  return presentToMember({ ...found, proposal: null })
}
