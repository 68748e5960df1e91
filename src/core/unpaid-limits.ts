/**
 * What somebody may keep from others without paying, for units of anything that is sold: how many at a time, and how soon
 * again after holds that ended unpaid. Pure. `catalog/unpaid-stock.ts` writes the same rule in SQL.
 */
import { DAY_MS, MINUTE_MS, toInstant } from './time.ts'

/** The most unpaid units of one thing for one person. */
export const MAX_UNPAID_UNITS = 50
/** The most for one person is this part of the thing's size, but so many units are always allowed. */
export const UNPAID_PART = 4
export const MIN_UNPAID_SHARE = 3
/** The most for a person whose address is not proved. */
export const MAX_UNPROVED_UNITS = 5
/** All persons without a proved address together get this part of the size, rounded up: one unit is never out of reach. */
export const UNPROVED_PART = 2
/** So many holds may end unpaid before the next one starts a pause. */
export const UNPAID_ENDS_ALLOWED = 2
/** The first pause. Each further hold that ends unpaid doubles it, up to the longest one. */
export const FIRST_PAUSE_MS = 30 * MINUTE_MS
export const LONGEST_PAUSE_MS = DAY_MS
/** Holds that ended unpaid count together if they ended within so much time. */
export const UNPAID_WINDOW_MS = DAY_MS

/** The most unpaid units that one person may have of a thing with `size` units that are not sold. */
export const unpaidShareOf = (size: number): number =>
  Math.min(MAX_UNPAID_UNITS, Math.max(MIN_UNPAID_SHARE, Math.floor(size / UNPAID_PART)))

/** The most that all persons without a proved address may have together. */
export const unprovedShareOf = (size: number): number => Math.ceil(size / UNPROVED_PART)

/** A person's holds of one thing that ended unpaid: how many within the window before the last one (ms since 1970). */
export interface UnpaidEnds {
  count: number
  last: number
}

/** When the pause after these ends is over (ms since 1970), which stays the same as time passes. Null: there is none. */
export function pauseEndsAt({ count, last }: UnpaidEnds): number | null {
  const doublings = count - UNPAID_ENDS_ALLOWED - 1
  return doublings < 0 ? null : last + Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** doublings)
}

/** What is held of a thing at the moment. */
export interface UnpaidUnits {
  title: string
  /** The word for several units. */
  units: string
  /** The units that are not sold: free or held. */
  size: number
  /** The units that nobody holds. */
  free: number
  /** The person's own unpaid units. */
  own: number
  /** The unpaid units of all persons without a proved address. */
  unproved: number
  /** Null: none of the person's holds ended unpaid lately. */
  ends: UnpaidEnds | null
}

/**
 * Why a person may not hold `count` more units, as a message that says what to do; null: the person may, if they are free.
 */
export function whyUnpaidRefused(
  { title, units, size, free, own, unproved, ends }: UnpaidUnits,
  count: number,
  isProved: boolean,
  now: number,
): string | null {
  const pausedUntil = ends === null ? null : pauseEndsAt(ends)
  if (pausedUntil !== null && now < pausedUntil) {
    return `Several of your orders were not paid. You can order “${title}” again at ${minuteAfter(pausedUntil)}.`
  }
  const share = unpaidShareOf(size)
  if (own + count > share) {
    const have = own === 0 ? 'order fewer, and pay for them first' : `you have ${own}, so pay for them first`
    return `You may hold at most ${share} unpaid ${units} of “${title}” at a time: ${have}.`
  }
  if (isProved) return null
  if (own + count > MAX_UNPROVED_UNITS) {
    return `Prove your e-mail address to order more than ${MAX_UNPROVED_UNITS} ${units} of “${title}” at a time.`
  }
  // A proved address would not help if too few are free.
  if (count <= free && unproved + count > unprovedShareOf(size)) {
    return `Buyers without a proved e-mail address hold as many ${units} of “${title}” as they may: prove yours, or try again later.`
  }
  return null
}

/** `2026-11-20 14:30 UTC`: not before `ms`. */
const minuteAfter = (ms: number): string =>
  `${toInstant(Math.ceil(ms / MINUTE_MS) * MINUTE_MS)
    .slice(0, 16)
    .replace('T', ' ')} UTC`
