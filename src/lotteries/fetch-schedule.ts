/** When a results page is fetched: soon after the draw, then seldom; and again after the result counts. Pure. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { LotteryDrawRow } from './schema.ts'

/** The pauses after the first fetches. After them it is one an hour. */
const FIRST_PAUSES_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS] as const
/** About a day. Then only a person can record the result. */
const MOST_FETCHES = 26

/** A result that counts is compared with the page again, counted from its confirmation. */
const COMPARED_AFTER_MS = [HOUR_MS, DAY_MS, 7 * DAY_MS] as const

/** A result that is missing for so long after the draw needs attention. */
export const MISSING_AFTER_MS = 6 * HOUR_MS

/** The fetch after fetch number `fetches`, which is made `now` (ms). Null: it was the last one. */
export function nextFetch(
  { confirmedAt, fetches }: Pick<LotteryDrawRow, 'confirmedAt' | 'fetches'>,
  now: number,
): number | null {
  if (confirmedAt !== null) {
    const after = COMPARED_AFTER_MS[fetches]
    return after === undefined ? null : confirmedAt + after
  }
  return fetches >= MOST_FETCHES ? null : now + (FIRST_PAUSES_MS[fetches - 1] ?? HOUR_MS)
}

/** The first comparison of a result with the page (ms). */
export const firstComparison = (confirmedAt: number): number => confirmedAt + COMPARED_AFTER_MS[0]
