/** The days of a series whose entries have not closed: what is or will be drawn, and for what. */
import { and, eq, gte } from 'drizzle-orm'
import { hasPermission } from '../../accounts/permissions.ts'
import type { Ctx } from '../../core/context.ts'
import { toInstant, toWallClock } from '../../core/time.ts'
import { raffles, type SeriesRow, seriesOccurrences, seriesRewards, seriesSkips } from '../schema.ts'
import type { Occurrence } from './contract.ts'
import { findSeries } from './find-series.ts'
import { type Day, daysAfter } from './occurrences.ts'
import { raffleOfDay } from './raffle-of-day.ts'

export async function listOccurrences(ctx: Ctx, id: string, limit: number): Promise<{ data: Occurrence[] }> {
  const { series } = await findSeries(ctx, id)
  const days = daysAfter(series, ctx.now).take(limit).toArray()
  const from = days[0]?.date
  if (from === undefined) return { data: [] }
  const [known, maySeeAll] = await Promise.all([
    readDays(ctx, id, from),
    hasPermission(ctx, series.organisationId, 'raffles:write'),
  ])
  const data = days.map((day) => presentDay(series, day, known, maySeeAll))
  // One that is paused or ended makes no more than it has made.
  return { data: series.status === 'active' ? data : data.filter(({ raffleId }) => raffleId !== null) }
}

type Known = Awaited<ReturnType<typeof readDays>>

async function readDays(ctx: Ctx, id: string, from: string) {
  const [rewards, skips, made] = await Promise.all([
    ctx.db
      .select()
      .from(seriesRewards)
      .where(and(eq(seriesRewards.seriesId, id), gte(seriesRewards.date, from))),
    ctx.db
      .select()
      .from(seriesSkips)
      .where(and(eq(seriesSkips.seriesId, id), gte(seriesSkips.date, from))),
    ctx.db
      .select({ occurrence: seriesOccurrences, raffle: raffles })
      .from(seriesOccurrences)
      .innerJoin(raffles, eq(raffles.id, seriesOccurrences.raffleId))
      .where(and(eq(seriesOccurrences.seriesId, id), gte(seriesOccurrences.date, from))),
  ])
  return {
    rewards: new Map(rewards.map((each) => [each.date, each])),
    skips: new Set(skips.map(({ date }) => date)),
    made: new Map(made.map((each) => [each.occurrence.date, each])),
  }
}

function presentDay(
  series: SeriesRow,
  day: Day,
  { rewards, skips, made }: Known,
  maySeeAll: boolean,
): Occurrence {
  const { occurrence, raffle } = made.get(day.date) ?? {}
  // What is made is what counts, whatever the series says by now.
  const { opensAt, closesAt, drawAt, prizes, imageUrl, timeZone } =
    raffle ?? raffleOfDay(series, day, rewards.get(day.date))
  return {
    date: day.date,
    skipped: raffle === undefined && skips.has(day.date),
    opensAt: toInstant(opensAt),
    closesAt: toInstant(closesAt),
    drawAt: toInstant(drawAt),
    localDrawAt: toWallClock(drawAt, timeZone),
    prizes,
    imageUrl,
    raffleId: raffle === undefined || (raffle.status === 'draft' && !maySeeAll) ? null : raffle.id,
    problem: maySeeAll && raffle?.status === 'draft' ? (occurrence?.problem ?? null) : null,
  }
}
