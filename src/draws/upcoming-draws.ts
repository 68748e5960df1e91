/** Lists the published raffles that wait for their draw, the soonest first. */
import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { toInstant, toWallClock } from '../core/time.ts'
import { statusAt } from '../raffles/life-cycle.ts'
import { lifeFacts } from '../raffles/present.ts'
import { raffles, series } from '../raffles/schema.ts'
import { pools } from '../tickets/schema.ts'
import type { ListUpcoming, UpcomingDraw } from './contract.ts'

export async function upcomingDraws(ctx: Ctx, query: ListUpcoming): Promise<PageOf<UpcomingDraw>> {
  const last = readCursor(query.cursor, z.tuple([z.number(), z.string()]))
  const rows = await ctx.db
    .select({
      raffle: {
        id: raffles.id,
        slug: raffles.slug,
        title: raffles.title,
        imageUrl: raffles.imageUrl,
        status: raffles.status,
        opensAt: raffles.opensAt,
        closesAt: raffles.closesAt,
        drawAt: raffles.drawAt,
        timeZone: raffles.timeZone,
        prizes: raffles.prizes,
      },
      pool: {
        pool: pools.pool,
        effectiveDrawAt: pools.effectiveDrawAt,
        closedAt: pools.closedAt,
        commitment: pools.commitment,
        cancellation: pools.cancellation,
      },
      series: { id: series.id, title: series.title },
    })
    .from(raffles)
    .leftJoin(pools, eq(pools.pool, raffles.pool))
    .leftJoin(series, eq(series.id, raffles.seriesId))
    .where(
      and(
        // Only this very text finds the index of the raffles that wait.
        sql`${raffles.status} = 'scheduled'`,
        isNull(pools.cancellation),
        query.seriesId === undefined ? undefined : eq(raffles.seriesId, query.seriesId),
        last === undefined
          ? undefined
          : sql`(${pools.effectiveDrawAt}, ${raffles.id}) > (${last[0]}, ${last[1]})`,
      ),
    )
    .orderBy(asc(pools.effectiveDrawAt), asc(raffles.id))
    .limit(query.limit + 1)
  return toPage(
    rows,
    query.limit,
    ({ raffle, pool }) => [pool?.effectiveDrawAt ?? 0, raffle.id],
    ({ raffle, pool, series }) => {
      const drawAt = pool === null ? raffle.drawAt : pool.effectiveDrawAt * 1_000
      const { id, slug, title, imageUrl } = raffle
      return {
        raffle: { id, slug, title, imageUrl, status: statusAt(lifeFacts(raffle, pool), ctx.now) },
        series,
        drawAt: toInstant(drawAt),
        localDrawAt: toWallClock(drawAt, raffle.timeZone),
        // 0: a lottery decides, not a round.
        round: pool?.commitment?.round || null,
        prizes: raffle.prizes,
      }
    },
  )
}
