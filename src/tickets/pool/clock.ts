/** A raffle's own instants, from its rules: when sales end, when its pool freezes, when it draws. Pure. */
import type { CloseReason } from '../../rdp1/commitment.ts'
import type { Rules } from '../../rdp1/rules.ts'

/** How long a raffle is seen to be closed before it freezes, where its draw leaves the room. */
const SETTLING_MS = 2_000
/** Left for the freeze itself: an alarm rings some milliseconds late, on a busy machine some hundreds. */
export const SPARE_MS = 1_000
/** Before that, what is unpaid is asked about once more; for so long at least, also where the draw leaves no room. */
export const LEAST_SETTLING_MS = 2_000

/** How sales ended before `closesAt`, as the rules allow. */
export interface EarlyClose {
  at: number
  reason: CloseReason
}

export interface DrawClock {
  /** All in ms since 1970, but `effectiveDrawAt`: unix seconds, as hashed. */
  closesAt: number
  freezeAt: number
  effectiveDrawAt: number
  closeReason: CloseReason
}

export function drawClock(rules: Rules, paymentSpanSeconds: number, early: EarlyClose | null): DrawClock {
  const closesAt = early?.at ?? Date.parse(rules.closesAt)
  const freezeAt = closesAt + paymentSpanSeconds * 1_000
  const drawAt = Date.parse(rules.drawAt) / 1_000
  return {
    closesAt,
    freezeAt,
    effectiveDrawAt:
      early === null ? drawAt : Math.min(drawAt, earlyDrawAt({ closesAt, freezeAt }, rules.leadSeconds)),
    closeReason: early?.reason ?? 'scheduled',
  }
}

/** The latest freeze that moves no round. */
export const lastFreezeAt = ({ effectiveDrawAt }: DrawClock, leadSeconds: number): number =>
  (effectiveDrawAt - leadSeconds) * 1_000

/**
 * When a pool freezes by itself: a moment after its time, so that every raffle is seen to be closed before it is
 * committed, unless that would take what the freeze needs before the draw, and with it the promised round.
 */
export function freezesAt(clock: DrawClock, leadSeconds: number): number {
  const room = lastFreezeAt(clock, leadSeconds) - clock.freezeAt
  return clock.freezeAt + Math.max(0, Math.min(SETTLING_MS, room - slackMs(clock)))
}

/** The earliest fair draw after a freeze, in whole unix seconds: rounded up, so that the lead is never cut short. */
export const earliestDrawAt = (freezeAt: number, leadSeconds: number): number =>
  Math.ceil(freezeAt / 1_000) + leadSeconds

/** The same where the pool itself names the time: with what a freeze needs to be in time for it. */
const earlyDrawAt = (times: FreezeTimes, leadSeconds: number): number =>
  earliestDrawAt(times.freezeAt + slackMs(times), leadSeconds)

type FreezeTimes = Pick<DrawClock, 'closesAt' | 'freezeAt'>

/** How late a freeze may be done: where entries are free, nobody needs to be asked whether they are paid. */
const slackMs = ({ closesAt, freezeAt }: FreezeTimes): number =>
  SPARE_MS + (freezeAt > closesAt ? LEAST_SETTLING_MS : 0)
