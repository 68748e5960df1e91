/** A pool's own instants, from its rules: when sales open and end, when it freezes, when it draws. Pure. */
import type { CloseReason } from '../draws/rdp1/commitment.ts'
import type { Rules } from '../draws/rdp1/rules.ts'

export interface PoolClock {
  /** All in ms since 1970, but `effectiveDrawAt`: unix seconds, as hashed. */
  opensAt: number
  closesAt: number
  freezeAt: number
  effectiveDrawAt: number
  closeReason: CloseReason
}

/** `early` is set once sales ended before `closesAt`, as the rules allow. */
export function poolClock(
  rules: Rules,
  paymentSpanSeconds: number,
  early: { at: number; reason: CloseReason } | null,
): PoolClock {
  const closesAt = early?.at ?? Date.parse(rules.closesAt)
  const freezeAt = closesAt + paymentSpanSeconds * 1_000
  return {
    opensAt: Date.parse(rules.opensAt),
    closesAt,
    freezeAt,
    effectiveDrawAt:
      early === null ? Date.parse(rules.drawAt) / 1_000 : earliestDrawAt(freezeAt, rules.leadSeconds),
    closeReason: early?.reason ?? 'scheduled',
  }
}

/** The earliest fair draw after a freeze, in whole unix seconds: rounded up, so that the lead is never cut short. */
export const earliestDrawAt = (freezeAt: number, leadSeconds: number): number =>
  Math.ceil(freezeAt / 1_000) + leadSeconds
