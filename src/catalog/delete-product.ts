/**
 * Deletes a product that was never ordered or set aside as a prize; another one is archived, as orders and raffles tell of
 * it. Neither, while a raffle that is still to be published would give it away.
 */
import { type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { DAY_MS, toInstant } from '../core/time.ts'
import { raffles, raffleTemplates, series, seriesOccurrences, seriesRewards } from '../raffles/schema.ts'
import { findProductFor } from './find-product.ts'
import { type ProductRow, products, stockHolds } from './schema.ts'
import { isUsed, requireUnused } from './still-used.ts'

export async function deleteProduct(ctx: Ctx, id: string): Promise<void> {
  const users = usersOf(ctx, await findProductFor(ctx, id))
  const isTaken = sql`EXISTS (SELECT 1 FROM ${stockHolds} WHERE ${stockHolds.productId} = ${id})`
  const isFree = sql`${products.id} = ${id} AND NOT ${isUsed(users)}`
  const [deleted, archived] = await withRetry(() =>
    ctx.db.batch([
      ctx.db.delete(products).where(sql`${isFree} AND NOT ${isTaken}`).returning({ id: products.id }),
      ctx.db
        .update(products)
        .set({ status: 'archived', updatedAt: ctx.now })
        .where(isFree)
        .returning({ id: products.id }),
    ]),
  )
  // It may also be gone by now, if another request was quicker.
  if (deleted.length + archived.length === 0) {
    await requireUnused(ctx, users, 'Give something else away there first, or archive this product.')
  }
}

/** Of series only what they have still to publish: what is published has set its own aside. */
function usersOf(ctx: Ctx, { id, organisationId }: Pick<ProductRow, 'id' | 'organisationId'>): SQL {
  const isIn = (prizes: SQLWrapper) =>
    sql`EXISTS (SELECT 1 FROM json_each(${prizes}) WHERE value->>'productId' = ${id})`
  const isLive = sql`${series.organisationId} = ${organisationId} AND ${series.status} <> 'ended'`
  // Wherever on earth the series is, its day is over after this one.
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
