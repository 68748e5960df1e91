/** When a results page is fetched: soon after the draw, then seldom; and again after the result counts. Pure. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../core/time.ts'
import type { LotteryDrawRow } from './schema.ts'

/** The pauses after the first fetches. After them it is one an hour. */
const FIRST_PAUSES_MS = [5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS] as const
/** About a day. Then only a person can record the result. */
const MOST_FETCHES = 26

const WEEK_MS = 7 * DAY_MS

/**
 * A result that counts is compared with the page again, counted from its confirmation. After that it is once a week, while a
 * raffle on the draw is not over.
 */
const COMPARED_AFTER_MS = [HOUR_MS, DAY_MS, WEEK_MS] as const

/** A result that is missing for so long after the draw needs attention. */
export const MISSING_AFTER_MS = 6 * HOUR_MS

/** The fetch after fetch number `fetches`, which is made `now` (ms). Null: it was the last one. */
export function nextFetch(
  { confirmedAt, fetches }: Pick<LotteryDrawRow, 'confirmedAt' | 'fetches'>,
  now: number,
): number | null {
  if (confirmedAt !== null) {
    const after = COMPARED_AFTER_MS[fetches]
    // Counted from now: after a long pause of the sweep one comparison is enough.
    return after === undefined ? now + WEEK_MS : confirmedAt + after
  }
  return fetches >= MOST_FETCHES ? null : now + (FIRST_PAUSES_MS[fetches - 1] ?? HOUR_MS)
}

/** Whether the next fetch is one that needs a raffle on the draw which is not over. */
export const isForRafflesOnly = ({
  confirmedAt,
  fetches,
}: Pick<LotteryDrawRow, 'confirmedAt' | 'fetches'>): boolean =>
  confirmedAt !== null && fetches >= COMPARED_AFTER_MS.length

/** The first comparison of a result with the page (ms). */
export const firstComparison = (confirmedAt: number): number => confirmedAt + COMPARED_AFTER_MS[0]
