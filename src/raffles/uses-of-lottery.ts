/** Which raffles, series and templates use a lottery. Changing one is rare, so no index finds its own. */
import { and, eq, inArray, isNull, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { UsersOfLottery } from '../lotteries/delete-lottery.ts'
import type { IsDrawInUse, TicketsOnDraw } from '../lotteries/refuse-holders.ts'
import type { SellingOnLottery } from '../lotteries/update-lottery.ts'
import { pools, reservations } from '../tickets/schema.ts'
import { raffles, raffleTemplates, series } from './schema.ts'

/** The most titles that a message names. */
const MAX_TITLES = 5

export const usersOfLottery: UsersOfLottery = (lotteryId) => {
  const names = (draw: SQLWrapper) => sql`${draw}->>'lotteryId' = ${lotteryId}`
  return sql`
    SELECT 1 FROM ${raffles} WHERE ${names(raffles.draw)}
    UNION ALL
    SELECT 1 FROM ${series} WHERE ${names(sql`${series.terms}->'draw'`)}
    UNION ALL
    SELECT 1 FROM ${raffleTemplates} WHERE ${names(sql`${raffleTemplates.terms}->'draw'`)}`
}

/** Of a raffle: a lottery decides it, and it is not over. Only this very text finds the index of those. */
export const IS_ON_LOTTERY: SQL = sql`${raffles.status} IN ('scheduled', 'drawn') AND ${raffles.draw}->>'method' = 'lottery'`

/** Of a raffle: this draw, or its results, decide it. */
export const isDrawOf = ({ lotteryId, date }: { lotteryId: SQLWrapper; date: SQLWrapper }): SQL =>
  sql`(${lotteryId} = ${raffles.draw}->>'lotteryId' AND ${date} = ${raffles.draw}->>'date')`

/** Titles of the raffles on this draw of which the user has tickets. Such a user must not decide about the draw. */
export const ticketsOnDraw: TicketsOnDraw = async (ctx, userId, { lotteryId, date }) => {
  const rows = await ctx.db
    .selectDistinct({ title: raffles.title })
    .from(reservations)
    .innerJoin(pools, eq(pools.pool, reservations.pool))
    .innerJoin(raffles, eq(raffles.id, pools.itemId))
    .where(
      and(
        eq(reservations.holder, userId),
        inArray(reservations.state, ['held', 'sold']),
        isNull(pools.cancellation),
        IS_ON_LOTTERY,
        isDrawOf({ lotteryId: sql`${lotteryId}`, date: sql`${date}` }),
      ),
    )
    .limit(MAX_TITLES)
  return rows.map(({ title }) => title)
}

export const isDrawInUse: IsDrawInUse = async (ctx, { lotteryId, date }) => {
  const open = await ctx.db
    .select({ id: raffles.id })
    .from(raffles)
    .where(and(IS_ON_LOTTERY, isDrawOf({ lotteryId: sql`${lotteryId}`, date: sql`${date}` })))
    .limit(1)
    .get()
  return open !== undefined
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
        IS_ON_LOTTERY,
        sql`${raffles.draw}->>'lotteryId' = ${lotteryId}`,
        isNull(pools.commitment),
        isNull(pools.cancellation),
      ),
    )
