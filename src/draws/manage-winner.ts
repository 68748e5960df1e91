/** An organisation manages its winners: disqualifies with a published reason, delivers a prize, reads a claim. */
import type { AuditEntry } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { changeWinner } from './change-winner.ts'
import type { Claim, Winner } from './contract.ts'
import { findWinnerFor, type SelectedWinner } from './find-winner.ts'
import { presentWinner, prizeOf } from './present.ts'
import { cancelPayoutOf, isNotSent } from './prize-payout.ts'

/** The prize is drawn again if the rules allow another redraw. Refused once a provider has the payout. */
export async function disqualifyWinner(ctx: Ctx, id: string, reason: string): Promise<Winner> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced', 'claimed'],
    set: { status: 'disqualified', reason },
    guard: isNotSent(id),
    follow: [cancelPayoutOf(ctx, id)],
    audited: entryOf(found, 'winner.disqualified'),
    otherwise: `A winner whose prize is ${found.winner.status}, or being paid out, cannot be disqualified.`,
  })
  return presentWinner({ ...found, winner })
}

const entryOf = ({ winner, raffle }: SelectedWinner, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'winner', id: winner.id },
  organisationId: raffle.organisationId,
})

export async function deliverPrize(ctx: Ctx, id: string): Promise<Winner> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  if (prizeOf(found).kind !== 'item') {
    throw new Problem('invalid_state', 'This prize is paid, not delivered: see its payout.')
  }
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['claimed'],
    set: { status: 'delivered' },
    audited: entryOf(found, 'winner.delivered'),
    otherwise: `Only a claimed prize can be delivered; this one is ${found.winner.status}.`,
  })
  return presentWinner({ ...found, winner })
}

export async function readClaim(ctx: Ctx, id: string): Promise<Claim> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  return { winner: presentWinner(found), deliveryAddress: found.winner.deliveryAddress }
}
