/** An organisation manages the prizes of its winners: reads a claim, marks a prize as delivered. */
import { and, eq, not } from 'drizzle-orm'
import type { AuditEntry } from '../audit/insert-audit.ts'
import type { AuditAction } from '../audit/schema.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { changeWinner } from './change-winner.ts'
import type { Claim, DeliverPrize, Winner } from './contract.ts'
import { findWinnerFor, type SelectedWinner } from './find-winner.ts'
import { hasOpenCorrection, requireNoOpenCorrection } from './open-correction.ts'
import { presentToMember, prizeOf } from './present.ts'
import { destinationOf } from './prize-payout.ts'
import { winners } from './schema.ts'
import { reviewText } from './under-review.ts'

export const entryOf = (
  { winner, raffle }: Pick<SelectedWinner, 'winner' | 'raffle'>,
  action: AuditAction,
): AuditEntry => ({
  action,
  subject: { kind: 'winner', id: winner.id },
  organisationId: raffle.organisationId,
})

/**
 * Race: the winner may correct the address after the operator read it. Safe: whichever is first wins, and with
 * `claimUpdatedAt` a delivery to an address that was corrected since is refused.
 */
export async function deliverPrize(ctx: Ctx, id: string, { claimUpdatedAt }: DeliverPrize): Promise<Winner> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  if (prizeOf(found).kind !== 'item') {
    throw new Problem('invalid_state', 'This prize is paid, not delivered: see its payout.')
  }
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['claimed'],
    set: { status: 'delivered' },
    guard: and(
      not(hasOpenCorrection(id)),
      claimUpdatedAt === undefined ? undefined : eq(winners.updatedAt, claimUpdatedAt),
    ),
    onRefusal: () => requireNoOpenCorrection(ctx, id),
    review: reviewText.toMember,
    audited: entryOf(found, 'winner.delivered'),
    otherwise: ({ status }) =>
      status === 'claimed'
        ? 'This claim has changed since you read it. Read it again: its address may be another one.'
        : `Only a claimed prize can be delivered; this one is ${status}.`,
  })
  return presentToMember({ ...found, winner, proposal: null })
}

export async function readClaim(ctx: Ctx, id: string): Promise<Claim> {
  const found = await findWinnerFor(ctx, id, 'winners:manage')
  const { deliveryAddress, updatedAt } = found.winner
  const payout = await destinationOf(ctx, id)
  return {
    winner: presentToMember(found),
    deliveryAddress,
    payableFrom: toInstantOrNull(payout?.payableFrom ?? null),
    reservationId: found.reservationId,
    updatedAt: toInstant(updatedAt),
  }
}
