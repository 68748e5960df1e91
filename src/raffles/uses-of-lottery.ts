/** Which raffles, series and templates use a lottery. Deleting one is rare, so no index finds them. */
import { type SQLWrapper, sql } from 'drizzle-orm'
import type { UsersOfLottery } from '../lotteries/delete-lottery.ts'
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
