/** A winner claims a prize within the claim window and says where it goes, or declines it. */
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { findMyMethod } from '../money/payout-methods.ts'
import { insertPayout, isClaimed } from '../money/payout-rows.ts'
import { changeWinner, type WinnerChange } from './change-winner.ts'
import type { Claim, ClaimPrize, Winner } from './contract.ts'
import { findMyWinner, type SelectedWinner } from './find-winner.ts'
import { presentWinner, prizeAmount } from './present.ts'

export async function claimWinner(ctx: Ctx, id: string, input: ClaimPrize): Promise<Claim> {
  const found = await findOpenWinner(ctx, id)
  const amount = prizeAmount(found)
  const { set, follow } = amount === null ? claimOfItem(input) : await claimOfCash(ctx, found, amount, input)
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced'],
    set: { ...set, claimedAt: ctx.now },
    follow,
    otherwise: `This prize is ${found.winner.status} already.`,
  })
  return { winner: presentWinner({ ...found, winner }), deliveryAddress: winner.deliveryAddress }
}

type ClaimChange = Pick<WinnerChange, 'set' | 'follow'>

function claimOfItem({ deliveryAddress, payoutMethodId }: ClaimPrize): ClaimChange {
  if (payoutMethodId !== undefined) {
    throw invalid('payoutMethodId', 'this prize is an item: give a deliveryAddress instead')
  }
  if (deliveryAddress === undefined) throw invalid('deliveryAddress', 'say where this prize is to be sent')
  return { set: { status: 'claimed', deliveryAddress } }
}

/** The payout is written down with the claim, so that neither is there without the other. */
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
  const method = await findMyMethod(ctx, payoutMethodId)
  // A share of nothing is nothing to pay.
  if (amount === 0) return { set: { status: 'paid' } }
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
      amount,
      currency: raffle.priceCurrency,
      requestedBy: winner.userId,
      key: null,
      request: null,
    },
    isClaimed(winner.id),
  )
  return { set: { status: 'claimed' }, follow: [payout] }
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
