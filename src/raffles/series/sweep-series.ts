/** Sweeps series: makes the raffles whose entries open soon (always the next one), and ends series with no day left. */
import { and, asc, eq, gt, isNotNull, lte, ne } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { sweepRows } from '../../core/sweep-rows.ts'
import { DAY_MS } from '../../core/time.ts'
import { raffles, type SeriesRow, series, seriesOccurrences, seriesSkips } from '../schema.ts'
import { makeOccurrence } from './make-occurrence.ts'
import { type Day, daysAfter } from './occurrences.ts'

/** How long before its entries open a raffle is published. */
const AHEAD_MS = 2 * DAY_MS

export const sweepSeries = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'series',
    page: (limit) =>
      ctx.db
        .select()
        .from(series)
        .where(and(eq(series.status, 'active'), isNotNull(series.dueAt), lte(series.dueAt, ctx.now)))
        .orderBy(asc(series.dueAt))
        .limit(limit),
    one: (row) => advanceSeries(ctx, row),
  })

async function advanceSeries(ctx: Ctx, row: SeriesRow): Promise<void> {
  const [skipped, published] = await Promise.all([skippedDays(ctx, row.id), publishedDays(ctx, row.id)])
  const { days, dueAt } = daysToMake(row, skipped, ctx.now)
  const failures: unknown[] = []
  for (const day of days.filter(({ date }) => !published.has(date))) {
    try {
      await makeOccurrence(ctx, row, day)
    } catch (error) {
      // One failing day must not block the others. The series stays due, so the next sweep retries.
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
  await ctx.db
    .update(series)
    .set({ dueAt, status: dueAt === null ? 'ended' : 'active' })
    // If the series has changed since the read, that change has set `due_at`.
    .where(and(eq(series.id, row.id), eq(series.revision, row.revision), eq(series.status, 'active')))
}

/**
 * The days whose raffles should exist at `now`, and when the next ones are due (ms; null: never). A skipped day can be
 * restored until its entries would close, so the series does not end before that.
 */
export function daysToMake(
  row: Pick<SeriesRow, keyof Parameters<typeof daysAfter>[0]>,
  skipped: ReadonlySet<string>,
  now: number,
): { days: Day[]; dueAt: number | null } {
  const days: Day[] = []
  let lastClosesAt: number | null = null
  for (const day of daysAfter(row, now)) {
    lastClosesAt = day.closesAt
    if (skipped.has(day.date)) continue
    const last = days.at(-1)
    if (last !== undefined && day.opensAt - AHEAD_MS > now) {
      // Once the last of `days` closes, this day is the next, and the next one must always exist.
      return { days, dueAt: Math.min(day.opensAt - AHEAD_MS, last.closesAt) }
    }
    days.push(day)
  }
  return { days, dueAt: lastClosesAt }
}

async function skippedDays(ctx: Ctx, id: string): Promise<Set<string>> {
  const rows = await ctx.db.select().from(seriesSkips).where(eq(seriesSkips.seriesId, id))
  return new Set(rows.map(({ date }) => date))
}

async function publishedDays(ctx: Ctx, id: string): Promise<Set<string>> {
  const rows = await ctx.db
    .select({ date: seriesOccurrences.date })
    .from(seriesOccurrences)
    .innerJoin(raffles, eq(raffles.id, seriesOccurrences.raffleId))
    .where(
      and(eq(seriesOccurrences.seriesId, id), ne(raffles.status, 'draft'), gt(raffles.closesAt, ctx.now)),
    )
  return new Set(rows.map(({ date }) => date))
}
