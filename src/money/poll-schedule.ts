/** When a provider is asked about money that it has not confirmed: soon, then seldom. Pure. */
import { HOUR_MS, SECOND_MS } from '../core/time.ts'

/** After the money was asked for or sent. */
const POLL_AFTER_SECONDS = [20, 40, 75, 120, 300, 900, 3_600] as const

/** After this many polls without an answer a person should look. */
export const POLLS_BEFORE_LATE = POLL_AFTER_SECONDS.length
/** After this long without an answer a person should look. */
export const LATE_AFTER_MS = HOUR_MS

export const FIRST_POLL_MS = POLL_AFTER_SECONDS[0] * SECOND_MS
/** For what is polled until it is confirmed. */
export const SLOWEST_POLL_MS = HOUR_MS

/** The next poll after `now`, of money that was sent at `sentAt`; null: the last one has been. */
export function nextPoll(sentAt: number, now: number): number | null {
  for (const seconds of POLL_AFTER_SECONDS) {
    const at = sentAt + seconds * SECOND_MS
    if (at > now) return at
  }
  return null
}

/** How long after the poll number `polls` (the sending is number 0) the next one comes; the last pause repeats for ever. */
export function pauseAfterPoll(polls: number): number {
  const at = Math.min(polls, POLL_AFTER_SECONDS.length - 1)
  return (POLL_AFTER_SECONDS[at]! - (POLL_AFTER_SECONDS[at - 1] ?? 0)) * SECOND_MS
}
