/** Which raffles, series and templates use a product or a category, by their names. */
import { type SQLWrapper, sql } from 'drizzle-orm'
import type { UsersOf } from '../catalog/still-used.ts'
import { DAY_MS, toInstant } from '../core/time.ts'
import { raffles, raffleTemplates, series, seriesOccurrences, seriesRewards } from './schema.ts'

export const rafflesOfCategory: UsersOf = (_ctx, { id, organisationId }) => sql`
  SELECT 'the raffle “' || ${raffles.title} || '”' AS name FROM ${raffles} WHERE ${raffles.categoryId} = ${id}
  UNION ALL
  SELECT 'the series “' || ${series.title} || '”' FROM ${series}
  WHERE ${series.organisationId} = ${organisationId} AND ${series.status} <> 'ended'
    AND ${series.terms}->>'categoryId' = ${id}
  UNION ALL
  SELECT 'the raffle template “' || ${raffleTemplates.name} || '”' FROM ${raffleTemplates}
  WHERE ${raffleTemplates.organisationId} = ${organisationId} AND ${raffleTemplates.terms}->>'categoryId' = ${id}`

/** Counts only the days that a series has yet to publish: a published raffle has already set its stock aside. */
export const usersOfProduct: UsersOf = (ctx, { id, organisationId }) => {
  const isIn = (prizes: SQLWrapper) =>
    sql`EXISTS (SELECT 1 FROM json_each(${prizes}) WHERE value->>'productId' = ${id})`
  const isLive = sql`${series.organisationId} = ${organisationId} AND ${series.status} <> 'ended'`
  // Days before this one are over in every time zone.
  const yesterday = toInstant(ctx.now - DAY_MS).slice(0, 'YYYY-MM-DD'.length)
  return sql`
    SELECT 'the series “' || ${series.title} || '”' AS name FROM ${series}
    WHERE ${isLive} AND ${isIn(sql`${series.terms}->'prizes'`)}
    UNION ALL
    SELECT 'the reward of ' || ${seriesRewards.date} || ' in the series “' || ${series.title} || '”'
    FROM ${series} JOIN ${seriesRewards} ON ${seriesRewards.seriesId} = ${series.id}
    WHERE ${isLive} AND ${seriesRewards.date} >= ${yesterday} AND ${isIn(seriesRewards.prizes)} AND NOT EXISTS (
      SELECT 1 FROM ${seriesOccurrences} JOIN ${raffles} ON ${raffles.id} = ${seriesOccurrences.raffleId}
      WHERE ${seriesOccurrences.seriesId} = ${series.id} AND ${seriesOccurrences.date} = ${seriesRewards.date}
        AND ${raffles.status} <> 'draft')
    UNION ALL
    SELECT 'the raffle template “' || ${raffleTemplates.name} || '”' FROM ${raffleTemplates}
    WHERE ${raffleTemplates.organisationId} = ${organisationId} AND ${isIn(sql`${raffleTemplates.terms}->'prizes'`)}
    UNION ALL
    SELECT 'the draft “' || ${raffles.title} || '”' FROM ${raffles}
    WHERE ${raffles.organisationId} = ${organisationId} AND ${raffles.status} = 'draft' AND ${isIn(raffles.prizes)}`
}
