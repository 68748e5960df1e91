/** When a provider is polled about money that it has not confirmed: soon at first, then seldom. Pure. */
import { HOUR_MS, SECOND_MS } from '../core/time.ts'

/** Counted from the start of the payment, or from the sending of the refund or payout. */
const POLL_AFTER_SECONDS = [20, 40, 75, 120, 300, 900, 3_600] as const

/** After this many unconfirmed polls a person must check. */
export const POLLS_BEFORE_LATE = POLL_AFTER_SECONDS.length
/** After this long without a confirmation a person must check. */
export const LATE_AFTER_MS = HOUR_MS

export const FIRST_POLL_MS = POLL_AFTER_SECONDS[0] * SECOND_MS
/** The pause between polls of money that is polled until it is confirmed. */
export const SLOWEST_POLL_MS = HOUR_MS

/** The next poll after `now` (ms) of money that was sent at `sentAt` (ms). Null: the last poll is over. */
export function nextPoll(sentAt: number, now: number): number | null {
  for (const seconds of POLL_AFTER_SECONDS) {
    const at = sentAt + seconds * SECOND_MS
    if (at > now) return at
  }
  return null
}

/** The pause (ms) after poll number `polls`. Sending is number 0. The last pause repeats for ever. */
export function pauseAfterPoll(polls: number): number {
  const at = Math.min(polls, POLL_AFTER_SECONDS.length - 1)
  return (POLL_AFTER_SECONDS[at]! - (POLL_AFTER_SECONDS[at - 1] ?? 0)) * SECOND_MS
}
