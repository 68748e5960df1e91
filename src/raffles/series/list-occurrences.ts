/** Lists the days of a series whose entries have not closed, with their prizes and raffles. */
import { and, eq, gt, gte, or } from 'drizzle-orm'
import { hasPermission } from '../../accounts/permissions.ts'
import type { Ctx } from '../../core/context.ts'
import { toInstant, toWallClock } from '../../core/time.ts'
import { pools } from '../../tickets/schema.ts'
import { statusAt } from '../life-cycle.ts'
import { lifeFacts } from '../present.ts'
import { raffles, type SeriesRow, seriesOccurrences, seriesRewards, seriesSkips } from '../schema.ts'
import type { Occurrence } from './contract.ts'
import { findSeries } from './find-series.ts'
import { type Day, daysAfter } from './occurrences.ts'
import { raffleOfDay } from './raffle-of-day.ts'

export async function listOccurrences(ctx: Ctx, id: string, limit: number): Promise<{ data: Occurrence[] }> {
  const { series } = await findSeries(ctx, id)
  const [first] = daysAfter(series, ctx.now)
  const [known, maySeeAll] = await Promise.all([
    readDays(ctx, id, first?.date ?? NEVER),
    hasPermission(ctx, series.organisationId, 'raffles:write'),
  ])
  const data = daysToShow(ctx, series, known, limit).map((day) =>
    presentDay(ctx, series, day, known, maySeeAll),
  )
  // A paused or ended series may never publish its drafts, so days without a visible raffle are left out.
  return { data: series.status === 'active' ? data : data.filter(({ raffleId }) => raffleId !== null) }
}

/** Sorts after every date. */
const NEVER = '9999-12-31'

type Known = Awaited<ReturnType<typeof readDays>>

/**
 * Raffles that exist are shown even if the cadence has changed since. Days without a raffle are shown only while the
 * series is active.
 */
function daysToShow(ctx: Ctx, series: SeriesRow, { made }: Known, limit: number): Day[] {
  const toMake = daysAfter(series, ctx.now).filter(({ date }) => !made.has(date))
  const open = [...made.values()].filter(({ raffle }) => raffle.closesAt > ctx.now)
  return [
    ...toMake.take(series.status === 'active' ? limit : 0),
    ...open.map(({ occurrence: { date }, raffle: { opensAt, closesAt, drawAt } }) => {
      return { date, opensAt, closesAt, drawAt }
    }),
  ]
    .sort((left, right) => left.drawAt - right.drawAt)
    .slice(0, limit)
}

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
      .select({ occurrence: seriesOccurrences, raffle: raffles, pool: pools })
      .from(seriesOccurrences)
      .innerJoin(raffles, eq(raffles.id, seriesOccurrences.raffleId))
      .leftJoin(pools, eq(pools.pool, raffles.pool))
      .where(
        and(
          eq(seriesOccurrences.seriesId, id),
          or(gte(seriesOccurrences.date, from), gt(raffles.closesAt, ctx.now)),
        ),
      ),
  ])
  return {
    rewards: new Map(rewards.map((each) => [each.date, each])),
    skips: new Set(skips.map(({ date }) => date)),
    made: new Map(made.map((each) => [each.occurrence.date, each])),
  }
}

function presentDay(
  ctx: Ctx,
  series: SeriesRow,
  day: Day,
  { rewards, skips, made }: Known,
  maySeeAll: boolean,
): Occurrence {
  const { occurrence, raffle, pool = null } = made.get(day.date) ?? {}
  const isShown = raffle !== undefined && (raffle.status !== 'draft' || maySeeAll)
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
    raffleId: isShown ? raffle.id : null,
    status: isShown ? statusAt(lifeFacts(raffle, pool), ctx.now) : null,
    problem: isShown && raffle.status === 'draft' ? (occurrence?.problem ?? null) : null,
  }
}
