/** Changes one day of a series: its reward, or a skip. A day may change until a pool has accepted its raffle. */
import { and, eq, exists, ne, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { invalid, notFound, validationFailed } from '../../core/errors.ts'
import { requireOwnProducts } from '../prize-stock.ts'
import { type SeriesRow, series, seriesRewards, seriesSkips } from '../schema.ts'
import type { PutReward, Reward, Skip } from './contract.ts'
import { findLiveSeries } from './find-series.ts'
import { type Day, dayOn } from './occurrences.ts'
import { whyNotReward } from './raffle-of-day.ts'
import { findOpenDay, isBeingPublished, isOpen, releaseDay } from './release-day.ts'

export async function putReward(ctx: Ctx, id: string, date: string, reward: PutReward): Promise<Reward> {
  const { series: row } = await findLiveSeries(ctx, id)
  const day = dayToCome(ctx, row, date)
  const errors = whyNotReward(ctx, row, day, reward)
  if (errors.length > 0) throw validationFailed(errors)
  await requireOwnProducts(ctx, row.organisationId, reward.prizes)
  const { prizes, imageUrl } = reward
  await changeDay(ctx, id, date, (isStillOpen) =>
    ctx.db
      .insert(seriesRewards)
      .select(sql`SELECT ${id}, ${date}, ${JSON.stringify(prizes)}, ${imageUrl} WHERE ${isStillOpen}`)
      .onConflictDoUpdate({
        target: [seriesRewards.seriesId, seriesRewards.date],
        set: { prizes: sql`excluded.prizes`, imageUrl: sql`excluded.image_url` },
      })
      .returning({ date: seriesRewards.date }),
  )
  return { date, prizes, imageUrl }
}

export async function deleteReward(ctx: Ctx, id: string, date: string): Promise<void> {
  await findLiveSeries(ctx, id)
  const day = and(eq(seriesRewards.seriesId, id), eq(seriesRewards.date, date))
  if ((await ctx.db.select().from(seriesRewards).where(day).get()) === undefined) throw notFound('reward')
  await changeDay(ctx, id, date, (isStillOpen) =>
    ctx.db.delete(seriesRewards).where(and(day, isStillOpen)).returning({ date: seriesRewards.date }),
  )
}

export async function skipDay(ctx: Ctx, id: string, date: string): Promise<Skip> {
  const { series: row } = await findLiveSeries(ctx, id)
  dayToCome(ctx, row, date)
  await changeDay(ctx, id, date, (isStillOpen) =>
    ctx.db
      .insert(seriesSkips)
      .select(sql`SELECT ${id}, ${date} WHERE ${isStillOpen}`)
      .onConflictDoUpdate({
        target: [seriesSkips.seriesId, seriesSkips.date],
        set: { date: sql`excluded.date` },
      })
      .returning({ date: seriesSkips.date }),
  )
  return { date }
}

export async function unskipDay(ctx: Ctx, id: string, date: string): Promise<void> {
  const { series: row } = await findLiveSeries(ctx, id)
  dayToCome(ctx, row, date)
  const day = and(eq(seriesSkips.seriesId, id), eq(seriesSkips.date, date))
  const [deleted] = await ctx.db.batch([
    ctx.db
      .delete(seriesSkips)
      .where(and(day, isLive(ctx, id)))
      .returning({ date: seriesSkips.date }),
    makeSeriesDueNow(ctx, id),
  ])
  if (deleted.length > 0) return
  // If another request has ended the series since, this throws the error for it.
  await findLiveSeries(ctx, id)
  throw notFound('skipped day')
}

function dayToCome(ctx: Ctx, row: SeriesRow, date: string): Day {
  const day = dayOn(row, date)
  if (day === null) throw invalid('date', 'the series has no draw on this day')
  if (day.closesAt <= ctx.now) throw invalid('date', 'entries for this day have closed')
  return day
}

/** Changes an open day and deletes its unfinished raffle in the same batch, so that the sweep makes a new one. */
async function changeDay(
  ctx: Ctx,
  id: string,
  date: string,
  statementFor: (isStillOpen: SQL) => BatchItem<'sqlite'> & PromiseLike<{ date: string }[]>,
): Promise<void> {
  const day = await findOpenDay(ctx, id, date)
  const [written] = await withRetry(() =>
    ctx.db.batch([statementFor(isOpen(ctx, day)), ...releaseDay(ctx, day), makeSeriesDueNow(ctx, id)]),
  )
  if ((written as { date: string }[]).length > 0) return
  // Its raffle was published since the read, or is being published now.
  await findOpenDay(ctx, id, date)
  throw isBeingPublished(date)
}

/** Holds unless the series has ended: an ended series makes no more raffles. */
const isLive = (ctx: Ctx, id: string): SQL =>
  exists(
    ctx.db
      .select({ one: sql`1` })
      .from(series)
      .where(and(eq(series.id, id), ne(series.status, 'ended'))),
  )

/** The calendar has changed, so the series is due now. Bump `revision`, so that a sweep with a stale read fails its guarded update. */
const makeSeriesDueNow = (ctx: Ctx, id: string) =>
  ctx.db
    .update(series)
    .set({ dueAt: ctx.now, revision: sql`${series.revision} + 1` })
    .where(and(eq(series.id, id), eq(series.status, 'active')))
