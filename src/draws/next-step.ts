/** Decides the one step that a raffle needs next, if any. Pure: the sweep does the step and decides again. */

import { MINUTE_MS } from '../core/time.ts'
import type { StoredStatus } from '../raffles/schema.ts'
import { chainByHash, timeOf } from '../rdp1/chains.ts'
import type { AnyAttempt, Attempt } from '../tickets/pool-contract.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import {
  correctableUntil,
  type LotteryFacts,
  nextResultStep,
  type ResultStep,
  stepBeforeCommitment,
} from './next-result-step.ts'
import type { WinnerRow } from './schema.ts'
import {
  areWinnersFinal,
  asDrawn,
  isPending,
  nextClaimBy,
  type RedrawRules,
  redrawReason,
  unitsToRedraw,
} from './winner-life.ts'

/** A refund can end in many ways. The sweep polls for its end, so that none of them has to wake the raffle. */
const OPEN_MONEY_PAUSE_MS = 5 * MINUTE_MS

/** The facts about a raffle in D1. Instants in ms. */
export interface StepFacts {
  stored: StoredStatus
  termsVersion: number
  drawnAttempts: number
  rules: RedrawRules
  pool: {
    termsVersion: number
    terms: RaffleTerms
    freezeAt: number
    committed: boolean
    cancelled: boolean
    chain: string | null
  } | null
  /** Whether stock or cover is set aside for its prizes; read only if there is no pool, else false. */
  hasPrizesAside: boolean
  attempts: AnyAttempt[]
  /** Null: a beacon draws. */
  lottery: LotteryFacts | null
  winners: WinnerRow[]
  /** Whether payments or refunds of its orders are under way; read only if every winner is final, else false. */
  hasOpenMoney: boolean
}

export type Step =
  | { kind: 'applyTerms'; version: number; terms: RaffleTerms }
  | { kind: 'markCancelled' }
  /** The publication crashed before it reached the pool. */
  | { kind: 'undoPublication' }
  | { kind: 'freeze' }
  | { kind: 'draw'; attempt: Attempt }
  | { kind: 'expireClaims' }
  | { kind: 'redraw'; attempt: number; units: string[]; reason: string; disqualifiedTickets: number[] }
  | { kind: 'settle' }
  | ResultStep
  /** Nothing to do before `until` (ms); null: nothing until a person acts. */
  | { kind: 'wait'; until: number | null }

export function nextStep(facts: StepFacts, now: number): Step {
  const { stored, pool, lottery, winners, rules } = facts
  if (stored === 'cancelled' || stored === 'settled') return { kind: 'wait', until: null }
  if (pool === null) return facts.hasPrizesAside ? { kind: 'undoPublication' } : { kind: 'wait', until: null }
  if (pool.termsVersion > facts.termsVersion) {
    return { kind: 'applyTerms', version: pool.termsVersion, terms: pool.terms }
  }
  if (pool.cancelled) return { kind: 'markCancelled' }
  const byResult =
    lottery === null
      ? null
      : pool.committed
        ? nextResultStep(lottery, facts.drawnAttempts, now)
        : stepBeforeCommitment(lottery)
  if (byResult !== null) return byResult
  if (!pool.committed)
    return now < pool.freezeAt ? { kind: 'wait', until: pool.freezeAt } : { kind: 'freeze' }

  const undrawn = lottery === null ? (facts.attempts[facts.drawnAttempts] as Attempt | undefined) : undefined
  if (undrawn !== undefined) {
    const due = timeOf(chainByHash(pool.chain!)!, undrawn.round) * 1_000
    return now < due ? { kind: 'wait', until: due } : { kind: 'draw', attempt: undrawn }
  }
  const attempts = facts.attempts.map(asDrawn)
  // The database may lack what the pool has just recorded.
  const isBehind = attempts.length === 0 || attempts.length < facts.drawnAttempts
  if (isBehind || isPending(attempts)) return { kind: 'wait', until: now }
  const claimBy = nextClaimBy(winners)
  if (claimBy !== null && claimBy <= now) return { kind: 'expireClaims' }
  const units = unitsToRedraw(attempts, winners, rules)
  if (units.length > 0) {
    return {
      kind: 'redraw',
      attempt: attempts.length,
      units: units.map(({ unit }) => unit),
      reason: redrawReason(units),
      disqualifiedTickets: disqualifiedTickets(winners),
    }
  }
  if (areWinnersFinal(attempts, winners, rules)) {
    const openUntil = lottery && correctableUntil(lottery)
    if (openUntil !== null && openUntil > now) return { kind: 'wait', until: openUntil }
    return facts.hasOpenMoney ? { kind: 'wait', until: now + OPEN_MONEY_PAUSE_MS } : { kind: 'settle' }
  }
  return { kind: 'wait', until: claimBy }
}

/** The tickets that were disqualified in any attempt: they stay excluded. */
export const disqualifiedTickets = (winners: readonly Pick<WinnerRow, 'status' | 'number'>[]): number[] =>
  winners.filter(({ status }) => status === 'disqualified').map(({ number }) => number)
