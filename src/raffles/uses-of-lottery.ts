/** Which raffles, series and templates use a lottery. Changing one is rare, so no index finds its own. */
import { and, eq, isNull, type SQLWrapper, sql } from 'drizzle-orm'
import type { UsersOfLottery } from '../lotteries/delete-lottery.ts'
import type { SellingOnLottery } from '../lotteries/update-lottery.ts'
import { pools } from '../tickets/schema.ts'
import { raffles, raffleTemplates, series } from './schema.ts'

export const usersOfLottery: UsersOfLottery = (lotteryId) => {
  const names = (draw: SQLWrapper) => sql`${draw}->>'lotteryId' = ${lotteryId}`
  return sql`
    SELECT 1 FROM ${raffles} WHERE ${names(raffles.draw)}
    UNION ALL
    SELECT 1 FROM ${series} WHERE ${names(sql`${series.terms}->'draw'`)}
    UNION ALL
    SELECT 1 FROM ${raffleTemplates} WHERE ${names(sql`${raffleTemplates.terms}->'draw'`)}`
}

export const sellingOnLottery: SellingOnLottery = (ctx, lotteryId) =>
  ctx.db
    .select({
      id: raffles.id,
      title: raffles.title,
      date: sql<string>`${raffles.draw}->>'date'`,
      freezeAt: pools.freezeAt,
    })
    .from(raffles)
    .innerJoin(pools, eq(pools.pool, raffles.pool))
    .where(
      and(
        // The condition of the index.
        sql`${raffles.status} IN ('scheduled', 'drawn') AND ${raffles.draw}->>'method' = 'lottery'`,
        sql`${raffles.draw}->>'lotteryId' = ${lotteryId}`,
        isNull(pools.commitment),
        isNull(pools.cancellation),
      ),
    )
