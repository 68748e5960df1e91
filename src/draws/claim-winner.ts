/** A winner claims a prize within the claim window and says where it goes, or declines it; money that has not been sent can be sent elsewhere. */
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { findMyMethod } from '../money/payout-methods.ts'
import { insertPayout } from '../money/payout-rows.ts'
import { changeWinner, type WinnerChange } from './change-winner.ts'
import type { Claim, ClaimPrize, Winner } from './contract.ts'
import { findMyWinner, type SelectedWinner } from './find-winner.ts'
import { presentWinner, prizeAmount } from './present.ts'
import { destinationOf, isClaimed, redirectPayoutOf } from './prize-payout.ts'

export async function claimWinner(ctx: Ctx, id: string, input: ClaimPrize): Promise<Claim> {
  const found = await findOpenWinner(ctx, id)
  const amount = prizeAmount(found)
  const { from, set, follow, settled } =
    amount === null ? claimOfItem(input) : await claimOfCash(ctx, found, amount, input)
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from,
    set: { ...set, claimedAt: found.winner.claimedAt ?? ctx.now },
    follow,
    otherwise: `This prize is ${found.winner.status} already.`,
  })
  await settled?.()
  return { winner: presentWinner({ ...found, winner }), deliveryAddress: winner.deliveryAddress }
}

interface ClaimChange extends Pick<WinnerChange, 'from' | 'set' | 'follow'> {
  /** Throws if the prize does not go where the claim says. */
  settled?: () => Promise<void>
}

function claimOfItem({ deliveryAddress, payoutMethodId }: ClaimPrize): ClaimChange {
  if (payoutMethodId !== undefined) {
    throw invalid('payoutMethodId', 'this prize is an item: give a deliveryAddress instead')
  }
  if (deliveryAddress === undefined) throw invalid('deliveryAddress', 'say where this prize is to be sent')
  return { from: ['announced'], set: { status: 'claimed', deliveryAddress } }
}

/** The payout is written down with the claim, so that neither is there without the other; claimed again, it goes elsewhere. */
async function claimOfCash(
  ctx: Ctx,
  { winner, raffle }: SelectedWinner,
  amount: number,
  { deliveryAddress, payoutMethodId }: ClaimPrize,
): Promise<ClaimChange> {
  if (deliveryAddress !== undefined) {
    throw invalid('deliveryAddress', 'this prize is paid: give a payoutMethodId instead')
  }
  if (payoutMethodId === undefined) throw invalid('payoutMethodId', 'say how this prize is to be paid')
  const sum = { amount, currency: raffle.priceCurrency }
  const method = await findMyMethod(ctx, payoutMethodId, sum)
  // A share of nothing is nothing to pay.
  if (amount === 0) return { from: ['announced'], set: { status: 'paid' } }
  const payout = insertPayout(
    ctx,
    {
      kind: 'prize',
      subject: winner.id,
      raffleId: raffle.id,
      organisationId: raffle.organisationId,
      userId: winner.userId,
      provider: method.provider,
      destination: method.destination,
      ...sum,
      requestedBy: winner.userId,
      key: null,
      request: null,
    },
    isClaimed(winner.id),
  )
  return {
    from: ['announced', 'claimed'],
    set: { status: 'claimed' },
    follow: [payout, redirectPayoutOf(ctx, winner.id, method)],
    settled: async () => {
      const there = await destinationOf(ctx, winner.id)
      if (there?.provider === method.provider && there.destination === method.destination) return
      throw new Problem('invalid_state', 'This prize is on its way already, to where the earlier claim said.')
    },
  }
}

export async function declineWinner(ctx: Ctx, id: string): Promise<Winner> {
  const found = await findOpenWinner(ctx, id)
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced'],
    set: { status: 'declined' },
    otherwise: `This prize is ${found.winner.status} already.`,
  })
  return presentWinner({ ...found, winner })
}

/** One's own prize, unless its claim window is over: the window counts, not whether the sweep has been by. */
async function findOpenWinner(ctx: Ctx, id: string): Promise<SelectedWinner> {
  const found = await findMyWinner(ctx, id)
  if (found.winner.status === 'announced' && ctx.now >= found.winner.claimBy) {
    throw new Problem('invalid_state', `This prize had to be claimed by ${toInstant(found.winner.claimBy)}.`)
  }
  return found
}
