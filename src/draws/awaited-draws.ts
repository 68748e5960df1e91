/**
 * What raffles wait for at their lotteries. An archived lottery, or one that changed its days, holds no draws by itself. So
 * the draw of each raffle is made here, and its result is awaited like any other. What waits too long is counted.
 */
import { and, count, eq, exists, inArray, isNull, lte, not, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { doEach } from '../core/sweep-rows.ts'
import { insertDraw, newDraw } from '../lotteries/change-draw.ts'
import { MISSING_AFTER_MS } from '../lotteries/fetch-schedule.ts'
import { lotteries, lotteryDraws } from '../lotteries/schema.ts'
import { raffles } from '../raffles/schema.ts'
import { IS_ON_LOTTERY, isDrawOf } from '../raffles/uses-of-lottery.ts'
import { pools } from '../tickets/schema.ts'

/** A minute has few draws. The next sweep makes the others. */
const MAX_DRAWS_A_PASS = 100

/** Makes the draws that raffles wait for and that no sweep of lotteries has made. A repeat changes nothing. */
export async function awaitOfficialDraws(ctx: Ctx): Promise<void> {
  const isMade = ctx.db.select({ one: sql`1` }).from(lotteryDraws).where(isDrawOf(lotteryDraws))
  const awaited = await ctx.db
    .selectDistinct({ lottery: lotteries, date: sql<string>`${raffles.draw}->>'date'` })
    .from(raffles)
    .innerJoin(lotteries, eq(lotteries.id, sql`${raffles.draw}->>'lotteryId'`))
    .where(and(IS_ON_LOTTERY, isWaiting, lte(raffles.drawAt, ctx.now), not(exists(isMade))))
    .limit(MAX_DRAWS_A_PASS)
  const held = awaited.map(({ lottery, date }) => newDraw(ctx, lottery, date))
  // A lottery may have moved its draw to a later time.
  await doEach(held.filter(({ drawAt }) => drawAt <= ctx.now).map((draw) => () => insertDraw(ctx, draw)))
}

/** No result has decided it yet. */
const isWaiting = and(eq(raffles.status, sql`'scheduled'`), eq(raffles.acceptedResults, 0))

/**
 * Raffles whose official draw was hours ago, and which no result has decided. A draw that was skipped is left out: two
 * people have decided about it, and the sweep cancels its raffles.
 */
export async function countWithoutResult(ctx: Ctx): Promise<number> {
  const isSkipped = ctx.db
    .select({ one: sql`1` })
    .from(lotteryDraws)
    .where(and(isDrawOf(lotteryDraws), sql`${lotteryDraws.skipConfirmedBy} IS NOT NULL`))
  const [found] = await ctx.db
    .select({ count: count() })
    .from(raffles)
    .innerJoin(pools, eq(pools.pool, raffles.pool))
    .where(
      and(
        IS_ON_LOTTERY,
        isWaiting,
        lte(raffles.drawAt, ctx.now - MISSING_AFTER_MS),
        isNull(pools.cancellation),
        not(exists(isSkipped)),
      ),
    )
  return found!.count
}

/** Results that count and that a source disputes, while a raffle on them is not over. */
export async function countDisputedResults(ctx: Ctx): Promise<number> {
  const isUsed = ctx.db
    .select({ one: sql`1` })
    .from(raffles)
    .where(and(IS_ON_LOTTERY, isDrawOf(lotteryDraws)))
  const [found] = await ctx.db
    .select({ count: count() })
    .from(lotteryDraws)
    .where(
      and(
        sql`${lotteryDraws.attention} IS NOT NULL`,
        // A correction that waits for its second person is nobody's neglect.
        inArray(lotteryDraws.attention, ['difference', 'conflict']),
        sql`${lotteryDraws.results} > 0`,
        lte(lotteryDraws.drawAt, ctx.now - MISSING_AFTER_MS),
        exists(isUsed),
      ),
    )
  return found!.count
}
