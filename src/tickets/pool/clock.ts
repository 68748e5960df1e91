/** Computes from a raffle's rules when sales close, when its pool freezes and when it draws. Pure. */
import type { CloseReason } from '../../rdp1/commitment.ts'
import type { Rules } from '../../rdp1/rules.ts'

/** How long a raffle is visibly closed before it freezes, if there is time before its draw. */
const SETTLING_MS = 2_000
/** Time for the freeze itself: an alarm may ring some hundred milliseconds late on a busy machine. */
export const SPARE_MS = 1_000
/** Unpaid orders are settled before the freeze for at least this long, even if there is little time before the draw. */
export const LEAST_SETTLING_MS = 2_000

/** How sales ended before `closesAt`, as the rules allow. */
export interface EarlyClose {
  at: number
  reason: CloseReason
}

export interface DrawClock {
  /** In ms since 1970; but `effectiveDrawAt` is in unix seconds, as hashed. */
  closesAt: number
  freezeAt: number
  effectiveDrawAt: number
  closeReason: CloseReason
}

export function drawClock(rules: Rules, paymentSpanSeconds: number, early: EarlyClose | null): DrawClock {
  const closesAt = early?.at ?? Date.parse(rules.closesAt)
  const freezeAt = closesAt + paymentSpanSeconds * 1_000
  const drawAt = Date.parse(rules.drawAt) / 1_000
  // An official draw is held when it is held, however early sales close.
  const isFixed = early === null || rules.draw.method === 'lottery'
  return {
    closesAt,
    freezeAt,
    effectiveDrawAt: isFixed
      ? drawAt
      : Math.min(drawAt, earlyDrawAt({ closesAt, freezeAt }, rules.leadSeconds)),
    closeReason: early?.reason ?? 'scheduled',
  }
}

/** The latest freeze (ms since 1970) that does not move the draw's round. */
export const lastFreezeAt = ({ effectiveDrawAt }: DrawClock, leadSeconds: number): number =>
  (effectiveDrawAt - leadSeconds) * 1_000

/**
 * When a pool freezes by itself (ms since 1970): a moment after `freezeAt`, so that every raffle is visibly closed
 * before its commitment. The moment is shorter if the freeze needs that time to keep the promised round.
 */
export function freezesAt(clock: DrawClock, leadSeconds: number): number {
  const room = lastFreezeAt(clock, leadSeconds) - clock.freezeAt
  return clock.freezeAt + Math.max(0, Math.min(SETTLING_MS, room - slackMs(clock)))
}

/** The earliest fair draw after a freeze, in unix seconds. It is rounded up, so that the lead is never shorter. */
export const earliestDrawAt = (freezeAt: number, leadSeconds: number): number =>
  Math.ceil(freezeAt / 1_000) + leadSeconds

/** The draw after an early close: the earliest fair one, with slack so that the freeze is in time for it. */
const earlyDrawAt = (times: FreezeTimes, leadSeconds: number): number =>
  earliestDrawAt(times.freezeAt + slackMs(times), leadSeconds)

type FreezeTimes = Pick<DrawClock, 'closesAt' | 'freezeAt'>

/** How late a freeze may happen. Free entries have no payments to settle first. */
const slackMs = ({ closesAt, freezeAt }: FreezeTimes): number =>
  SPARE_MS + (freezeAt > closesAt ? LEAST_SETTLING_MS : 0)
