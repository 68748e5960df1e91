/** The results that decide raffles: the first confirmed result of a draw, then each correction. */
import { and, asc, desc, eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { lotteryResults } from './schema.ts'

export interface ConfirmedResult {
  /** 0 is the first result; each correction is the next. */
  revision: number
  /** In the lottery's own order, with leading zeros. */
  numbers: string[]
  /** The address where the numbers were read. */
  source: string
  /** Why the result before is wrong; null for the first. */
  reason: string | null
  /** Milliseconds. */
  confirmedAt: number
}

const columns = {
  revision: lotteryResults.revision,
  numbers: lotteryResults.numbers,
  source: lotteryResults.source,
  reason: lotteryResults.reason,
  confirmedAt: lotteryResults.confirmedAt,
}

const ofDraw = (lotteryId: string, date: string) =>
  and(eq(lotteryResults.lotteryId, lotteryId), eq(lotteryResults.date, date))

/** The result that counts now; null if none is confirmed. `date`: `YYYY-MM-DD` in the lottery's time zone. */
export const readConfirmedResult = async (
  ctx: Ctx,
  lotteryId: string,
  date: string,
): Promise<ConfirmedResult | null> =>
  (await ctx.db
    .select(columns)
    .from(lotteryResults)
    .where(ofDraw(lotteryId, date))
    .orderBy(desc(lotteryResults.revision))
    .limit(1)
    .get()) ?? null

/** Every result that has counted, the first one first. */
export const listConfirmedResults = (ctx: Ctx, lotteryId: string, date: string): Promise<ConfirmedResult[]> =>
  ctx.db
    .select(columns)
    .from(lotteryResults)
    .where(ofDraw(lotteryId, date))
    .orderBy(asc(lotteryResults.revision))
