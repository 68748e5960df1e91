/**
 * A winner claims or declines a prize within the claim window. A repeated claim redirects the money until it is sent, and
 * corrects the address until the prize is delivered.
 */
import { not, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { findMyMethod, isStillMethod } from '../money/payout-methods.ts'
import { insertPayout } from '../money/payout-rows.ts'
import { changeWinner, type WinnerChange } from './change-winner.ts'
import type { Claim, ClaimPrize, Winner } from './contract.ts'
import { findMyWinner, type SelectedWinner } from './find-winner.ts'
import { claimSeat, issueSeat } from './issue-seats.ts'
import { hasOpenCorrection, requireNoOpenCorrection } from './open-correction.ts'
import { presentToWinner, prizeAmount, prizeOf } from './present.ts'
import { destinationOf, mayBePaid, redirectPayoutOf } from './prize-payout.ts'
import { refuseStaff } from './refuse-staff.ts'
import type { WinnerRow } from './schema.ts'
import { reviewText } from './under-review.ts'

export async function claimWinner(ctx: Ctx, id: string, input: ClaimPrize): Promise<Claim> {
  const found = await findOpenWinner(ctx, id)
  await refuseStaff(ctx, found)
  const amount = prizeAmount(found)
  const {
    from,
    set,
    guard,
    follow,
    onRefusal,
    settled,
    payableFrom = null,
  } = amount === null ? claimOfItem(ctx, found, input) : await claimOfCash(ctx, found, amount, input)
  const claimed = await changeWinner(ctx, {
    winner: found.winner,
    from,
    set: { ...set, claimedAt: found.winner.claimedAt ?? ctx.now },
    guard,
    follow,
    onRefusal,
    review: reviewText.toWinner('claimed'),
    otherwise: ({ status }) =>
      from.includes(status)
        ? 'This payout method was just removed. Claim with another one.'
        : `This prize is ${status} already.`,
  })
  const { winner = claimed, reservationId = found.reservationId } = (await settled?.()) ?? {}
  return {
    winner: presentToWinner({ ...found, winner }),
    deliveryAddress: winner.deliveryAddress,
    payableFrom: toInstantOrNull(payableFrom),
    reservationId,
    updatedAt: toInstant(winner.updatedAt),
  }
}

type Settled = Pick<SelectedWinner, 'winner' | 'reservationId'>

interface ClaimChange extends Pick<WinnerChange, 'from' | 'set' | 'guard' | 'follow' | 'onRefusal'> {
  /** When its payout method may be paid (ms since 1970). */
  payableFrom?: number
  /** What follows in other systems. Returns what that has changed. Throws if the claim has no effect. */
  settled?: () => Promise<Partial<Settled>>
}

function claimOfItem(
  ctx: Ctx,
  { winner, raffle }: SelectedWinner,
  { deliveryAddress, payoutMethodId }: ClaimPrize,
): ClaimChange {
  const prize = prizeOf({ winner, raffle })
  if (prize.kind === 'item' && prize.ticketTypeId !== undefined) {
    return claimOfAdmission(ctx, winner, { deliveryAddress, payoutMethodId })
  }
  if (payoutMethodId !== undefined) {
    throw invalid('payoutMethodId', 'this prize is an item: give a deliveryAddress instead')
  }
  if (deliveryAddress === undefined) throw invalid('deliveryAddress', 'is required: this prize is an item')
  return { from: ['announced', 'claimed'], set: { status: 'claimed', deliveryAddress } }
}

/** The ticket is the winner's with the claim. If it cannot be issued at once, the sweep issues it. */
function claimOfAdmission(
  ctx: Ctx,
  winner: WinnerRow,
  { deliveryAddress, payoutMethodId }: ClaimPrize,
): ClaimChange {
  if (deliveryAddress !== undefined)
    throw invalid('deliveryAddress', 'this prize is an admission: leave it out')
  if (payoutMethodId !== undefined)
    throw invalid('payoutMethodId', 'this prize is an admission: leave it out')
  return {
    from: ['announced', 'claimed'],
    set: { status: 'claimed' },
    guard: not(hasOpenCorrection(winner.id)),
    onRefusal: () => requireNoOpenCorrection(ctx, winner.id),
    follow: [claimSeat(ctx, winner)],
    settled: async () => {
      try {
        await issueSeat(ctx, winner.id)
      } catch (error) {
        ctx.log.error('admission not issued yet', { winnerId: winner.id, error })
      }
      return findMyWinner(ctx, winner.id)
    },
  }
}

/** The payout is inserted with the claim, so that neither exists without the other. A repeated claim redirects it. */
async function claimOfCash(
  ctx: Ctx,
  { winner, raffle }: SelectedWinner,
  amount: number,
  { deliveryAddress, payoutMethodId }: ClaimPrize,
): Promise<ClaimChange> {
  if (deliveryAddress !== undefined) {
    throw invalid('deliveryAddress', 'this prize is paid: give a payoutMethodId instead')
  }
  if (payoutMethodId === undefined) throw invalid('payoutMethodId', 'is required: this prize is paid')
  const sum = { amount, currency: raffle.priceCurrency }
  const method = await findMyMethod(ctx, payoutMethodId, sum, raffle.providers)
  // The user may remove it at this moment. Safe: either these statements find it gone, or the removal stops their payout.
  const isStill = isStillMethod(method)
  // A share of zero takings needs no payout.
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
      methodId: method.id,
      payableFrom: method.payableFrom,
    },
    sql`${mayBePaid(ctx, winner.id)} AND ${isStill}`,
  )
  return {
    from: ['announced', 'claimed'],
    set: { status: 'claimed' },
    guard: isStill,
    payableFrom: method.payableFrom,
    follow: [payout, redirectPayoutOf(ctx, winner.id, method, isStill)],
    settled: async () => {
      const current = await destinationOf(ctx, winner.id)
      if (current?.provider === method.provider && current.destination === method.destination) return {}
      throw new Problem('invalid_state', 'This prize is already on its way to the earlier payout method.')
    },
  }
}

export async function declineWinner(ctx: Ctx, id: string): Promise<Winner> {
  const found = await findOpenWinner(ctx, id)
  const winner = await changeWinner(ctx, {
    winner: found.winner,
    from: ['announced'],
    set: { status: 'declined' },
    review: reviewText.toWinner('declined'),
    otherwise: ({ status }) => `This prize is ${status} already.`,
  })
  return presentToWinner({ ...found, winner })
}

/** The caller's own prize. Throws after its claim window, even if the sweep has not expired it yet. */
async function findOpenWinner(ctx: Ctx, id: string): Promise<SelectedWinner> {
  const found = await findMyWinner(ctx, id)
  if (found.winner.status === 'announced' && ctx.now >= found.winner.claimBy) {
    throw new Problem('invalid_state', `This prize had to be claimed by ${toInstant(found.winner.claimBy)}.`)
  }
  return found
}
