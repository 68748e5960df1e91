/** A second person confirms a disqualification: its reason is published, and the prize is drawn again if the rules allow it. */
import { and, eq, sql } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import { requireSecondPerson } from '../accounts/second-person.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { changeWinner } from './change-winner.ts'
import type { ConfirmDisqualification, Winner } from './contract.ts'
import { findWinnerToDecide, noProposal } from './decide-winner.ts'
import { entryOf } from './manage-winner.ts'
import { presentToMember } from './present.ts'
import { cancelPayoutOf, isNotSent } from './prize-payout.ts'
import { disqualifications } from './schema.ts'
import { isPendingFor } from './under-review.ts'

const WORDS = {
  did: 'proposed this disqualification',
  first: 'The proposer of this disqualification',
  finish: 'confirm it',
  always: 'confirm disqualifications',
}

/**
 * Race: the proposal may be withdrawn, or lapse, after it was read, and another person may propose for another reason.
 * Safe: the update itself checks that this person's proposal still waits, and a person proposes only once.
 */
export async function confirmDisqualification(
  ctx: Ctx,
  id: string,
  input: ConfirmDisqualification,
): Promise<Winner> {
  const found = await findWinnerToDecide(ctx, id)
  const { raffle, proposal } = found
  if (proposal === null) throw noProposal()
  const { proposedBy, reason } = proposal
  if (input.proposedBy !== undefined && input.proposedBy !== proposedBy) {
    throw new Problem(
      'invalid_state',
      'Another proposal waits by now. Read its reason before you confirm it.',
    )
  }
  await requireSecondPerson(ctx, {
    organisationId: raffle.organisationId,
    firstId: proposedBy,
    words: WORDS,
    firstIsMember: true,
  })
  const stillWaits = and(isPendingFor(ctx, id), eq(disqualifications.proposedBy, proposedBy))!
  const close = ctx.db
    .update(disqualifications)
    .set({ status: 'confirmed', decidedBy: requireUser(ctx).userId, decidedAt: ctx.now })
    .where(and(stillWaits, sql`EXISTS (SELECT 1 FROM winners WHERE id = ${id} AND status = 'disqualified')`))
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced', 'claimed'],
    set: { status: 'disqualified', reason },
    review: 'decides',
    guard: and(isNotSent(id), sql`EXISTS (SELECT 1 FROM ${disqualifications} WHERE ${stillWaits})`),
    follow: [close, cancelPayoutOf(ctx, id)],
    audited: { ...entryOf(found, 'winner.disqualified'), fields: [`proposedBy.${proposedBy}`] },
    otherwise: ({ status }) =>
      status === 'claimed'
        ? 'The prize is being paid out, or this proposal no longer waits: read the winner again.'
        : status === 'announced'
          ? 'This proposal no longer waits: it was withdrawn, or it has lapsed.'
          : `A winner whose prize is ${status} cannot be disqualified.`,
  })
  return presentToMember({ ...found, winner, proposal: null })
}
