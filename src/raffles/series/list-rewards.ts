/** Lists the rewards of a series by date. */
import { and, asc, eq, gt, gte } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../../core/context.ts'
import { type PageOf, readCursor, toPage } from '../../core/paging.ts'
import { seriesRewards } from '../schema.ts'
import type { ListRewards, Reward } from './contract.ts'
import { findSeries } from './find-series.ts'

export async function listRewards(ctx: Ctx, id: string, query: ListRewards): Promise<PageOf<Reward>> {
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await ctx.db
    .select()
    .from(seriesRewards)
    .where(
      and(
        eq(seriesRewards.seriesId, id),
        query.from === undefined ? undefined : gte(seriesRewards.date, query.from),
        last === undefined ? undefined : gt(seriesRewards.date, last[0]),
      ),
    )
    .orderBy(asc(seriesRewards.date))
    .limit(query.limit + 1)
  // Only a series has rewards, so only an empty page needs a second query.
  if (rows.length === 0) await findSeries(ctx, id)
  return toPage(
    rows,
    query.limit,
    ({ date }) => [date],
    ({ date, prizes, imageUrl }) => ({ date, prizes, imageUrl }),
  )
}
