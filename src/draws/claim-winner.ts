/** A winner claims a prize within the claim window and says where it goes, or declines it. */
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { changeWinner } from './change-winner.ts'
import type { Claim, ClaimPrize, Winner } from './contract.ts'
import { findMyWinner, type SelectedWinner } from './find-winner.ts'
import { presentWinner } from './present.ts'

export async function claimWinner(ctx: Ctx, id: string, { deliveryAddress }: ClaimPrize): Promise<Claim> {
  const found = await findOpenWinner(ctx, id)
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced'],
    set: { status: 'claimed', claimedAt: ctx.now, deliveryAddress },
    otherwise: `This prize is ${found.winner.status} already.`,
  })
  return { winner: presentWinner({ ...found, winner }), deliveryAddress: winner.deliveryAddress }
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
