/** Decides what a raffle does with the results of the lottery that decides it. Pure. */
import { DAY_MS } from '../core/time.ts'
import type { ConfirmedResult } from '../lotteries/confirmed-results.ts'

/** Instants in ms. */
export interface LotteryFacts {
  drawAt: number
  claimDays: number
  /** The results that count, the first one first, then each correction. */
  results: readonly ConfirmedResult[]
  /** How many of them decide this raffle, and how many corrections it has refused. */
  accepted: number
  refused: number
  /** Whether the lottery has held its draw; it may have moved it to an earlier time. */
  isHeld: boolean
  /** Whether two admins have said that the draw is not held, and nobody has recorded a result since. */
  isSkipped: boolean
  /** Whether a prize is paid or delivered. */
  isPaid: boolean
  /** Whether a provider has the payout of a prize, or an admission is being issued. */
  isPaying: boolean
}

export type ResultStep =
  /** The result was known before the list of tickets was fixed, or could be. */
  | { kind: 'cancelAsKnown'; isPublished: boolean }
  /** From now on this result decides; winners of earlier ones are void. */
  | { kind: 'acceptResult'; attempt: number; result: ConfirmedResult }
  | { kind: 'refuseResults'; count: number }
  | { kind: 'drawByResult'; attempt: number; result: ConfirmedResult }
  /** The draw was not held. */
  | { kind: 'cancelAsSkipped' }
  | { kind: 'wait'; until: number | null }

/** Before the commitment. Null: nothing to do. */
export function stepBeforeCommitment({ results, isHeld, isSkipped }: LotteryFacts): ResultStep | null {
  if (results.length > 0 || isHeld) return { kind: 'cancelAsKnown', isPublished: results.length > 0 }
  return isSkipped ? { kind: 'cancelAsSkipped' } : null
}

/** After the commitment. Null: the winners of the accepted results are announced, so their life goes on. */
export function nextResultStep(facts: LotteryFacts, drawnAttempts: number, now: number): ResultStep | null {
  const { drawAt, claimDays, results, accepted, refused, isSkipped, isPaid, isPaying } = facts
  if (now < drawAt) return { kind: 'wait', until: drawAt }
  if (accepted > drawnAttempts) {
    return { kind: 'drawByResult', attempt: drawnAttempts, result: results[drawnAttempts]! }
  }
  if (results.length > accepted + refused) {
    if (isPaid || refused > 0) return { kind: 'refuseResults', count: results.length - accepted }
    // The payout may fail. Until it is known, winners keep their prizes, and the correction waits.
    if (!isPaying) return { kind: 'acceptResult', attempt: accepted, result: results[accepted]! }
  }
  if (accepted > 0) return null
  if (isSkipped && now >= drawAt + claimDays * DAY_MS) return { kind: 'cancelAsSkipped' }
  // The sweep finds a raffle whose lottery has a new result or has skipped its draw, so it need not come back before.
  return { kind: 'wait', until: null }
}

/** Until when a raffle without paid prizes stays open to corrections (ms); null: it does not. */
export const correctableUntil = ({ results, accepted, claimDays, isPaid }: LotteryFacts): number | null =>
  isPaid || accepted === 0 ? null : results[accepted - 1]!.confirmedAt + claimDays * DAY_MS
