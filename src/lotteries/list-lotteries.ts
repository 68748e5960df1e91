/** Lists lotteries, the oldest first. */
import { and, asc, eq, gt } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import type { ListLotteries, Lottery } from './contract.ts'
import { presentLottery } from './present.ts'
import { lotteries } from './schema.ts'

export async function listLotteries(ctx: Ctx, query: ListLotteries): Promise<PageOf<Lottery>> {
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const rows = await ctx.db
    .select()
    .from(lotteries)
    .where(
      and(
        eq(lotteries.status, query.status),
        query.country === undefined ? undefined : eq(lotteries.country, query.country),
        last && gt(lotteries.id, last[0]),
      ),
    )
    .orderBy(asc(lotteries.id))
    .limit(query.limit + 1)
  return toPage(rows, query.limit, ({ id }) => [id], presentLottery)
}
