/** The life of prize units after a draw: their present winners, the redraws, and when all are final. Pure. */
import { type AnyAttempt, isResult } from '../tickets/pool-contract.ts'
import type { WinnerRow, WinnerStatus } from './schema.ts'

type Winner = Pick<WinnerRow, 'attempt' | 'unit' | 'number' | 'status' | 'claimBy'>

/** What an attempt of a beacon and a result of a lottery have in common. */
export interface DrawnAttempt {
  attempt: number
  units: readonly string[]
  /** Null: it is not drawn yet. */
  winners: readonly { unit: string }[] | null
}

/** A result decides every unit again. */
export const asDrawn = (attempt: AnyAttempt): DrawnAttempt =>
  isResult(attempt)
    ? {
        attempt: attempt.attempt,
        units: attempt.winners.map(({ unit }) => unit),
        winners: attempt.winners.filter(({ ticket }) => ticket !== null),
      }
    : attempt

export interface RedrawRules {
  onUnclaimed: 'redraw' | 'keep'
  maxRedraws: number
}

/** A winner with one of these statuses no longer changes. */
const FINAL: readonly WinnerStatus[] = ['paid', 'delivered', 'declined', 'expired', 'disqualified']

/** For each unit the winner of its last drawn attempt; null where that attempt found nobody. */
export function presentWinners(
  attempts: readonly DrawnAttempt[],
  winners: readonly Winner[],
): Map<string, Winner | null> {
  const present = new Map<string, Winner | null>()
  for (const { attempt, units, winners: drawn } of attempts) {
    if (drawn === null) continue
    for (const unit of units) {
      present.set(unit, winners.find((each) => each.attempt === attempt && each.unit === unit) ?? null)
    }
  }
  return present
}

/** The units whose winner has lost the prize and whose redraw the rules allow, in the order of the units. */
export function unitsToRedraw(
  attempts: readonly DrawnAttempt[],
  winners: readonly Winner[],
  rules: RedrawRules,
): { unit: string; status: WinnerStatus }[] {
  if (isPending(attempts) || redrawsOf(attempts) >= rules.maxRedraws) return []
  const redrawn: readonly WinnerStatus[] =
    rules.onUnclaimed === 'redraw' ? ['declined', 'expired', 'disqualified'] : ['disqualified']
  return [...presentWinners(attempts, winners)]
    .filter(([, winner]) => winner !== null && redrawn.includes(winner.status))
    .map(([unit, winner]) => ({ unit, status: winner!.status }))
}

/** The reason of a redraw by the sweep. It is hashed and published: keep the words. */
export function redrawReason(units: readonly { status: WinnerStatus }[]): string {
  const words: Partial<Record<WinnerStatus, string>> = {
    declined: 'declined',
    expired: 'not claimed in time',
    disqualified: 'disqualified',
  }
  return [...new Set(units.map(({ status }) => words[status]))].join(', ')
}

/** Whether every unit's winner is final and no draw is left. */
export function areWinnersFinal(
  attempts: readonly DrawnAttempt[],
  winners: readonly Winner[],
  rules: RedrawRules,
): boolean {
  if (attempts.length === 0 || isPending(attempts)) return false
  if (unitsToRedraw(attempts, winners, rules).length > 0) return false
  return [...presentWinners(attempts, winners).values()].every(
    (winner) => winner === null || FINAL.includes(winner.status),
  )
}

/** When the next claim window ends (ms); null if none is open. */
export function nextClaimBy(winners: readonly Winner[]): number | null {
  const open = winners.filter((winner) => winner.status === 'announced').map((winner) => winner.claimBy)
  return open.length === 0 ? null : Math.min(...open)
}

export const isPending = (attempts: readonly DrawnAttempt[]): boolean => attempts.at(-1)?.winners === null

const redrawsOf = (attempts: readonly DrawnAttempt[]): number => Math.max(0, attempts.length - 1)
