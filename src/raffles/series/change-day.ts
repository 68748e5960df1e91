/** What is special about a day: its reward, or that it has no draw. Fixed once the day's raffle is being made. */
import { and, eq, exists, ne, notExists, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { invalid, notFound, Problem } from '../../core/errors.ts'
import { validationFailed } from '../../core/validation.ts'
import { requireOwnProducts } from '../prize-stock.ts'
import { type SeriesRow, series, seriesOccurrences, seriesRewards, seriesSkips } from '../schema.ts'
import type { PutReward, Reward, Skip } from './contract.ts'
import { findLiveSeries, findSeriesToChange } from './find-series.ts'
import { type Day, dayOn } from './occurrences.ts'
import { whyNotReward } from './raffle-of-day.ts'

export async function putReward(ctx: Ctx, id: string, date: string, reward: PutReward): Promise<Reward> {
  const { series: row } = await findLiveSeries(ctx, id)
  const day = dayToCome(ctx, row, date)
  const errors = whyNotReward(ctx, row, day, reward)
  if (errors.length > 0) throw validationFailed(errors)
  await requireOwnProducts(ctx, row.organisationId, reward.prizes)
  const { prizes, imageUrl } = reward
  const written = await ctx.db
    .insert(seriesRewards)
    .select(sql`SELECT ${id}, ${date}, ${JSON.stringify(prizes)}, ${imageUrl} WHERE ${isOpen(ctx, id, date)}`)
    .onConflictDoUpdate({
      target: [seriesRewards.seriesId, seriesRewards.date],
      set: { prizes: sql`excluded.prizes`, imageUrl: sql`excluded.image_url` },
    })
    .returning({ date: seriesRewards.date })
  if (written.length === 0) throw isMade(date)
  return { date, prizes, imageUrl }
}

export async function deleteReward(ctx: Ctx, id: string, date: string): Promise<void> {
  await findSeriesToChange(ctx, id)
  const day = and(eq(seriesRewards.seriesId, id), eq(seriesRewards.date, date))
  const deleted = await ctx.db
    .delete(seriesRewards)
    .where(and(day, isOpen(ctx, id, date)))
    .returning({ date: seriesRewards.date })
  if (deleted.length > 0) return
  if ((await ctx.db.select().from(seriesRewards).where(day).get()) === undefined) throw notFound('reward')
  throw isMade(date)
}

export async function skipDay(ctx: Ctx, id: string, date: string): Promise<Skip> {
  const { series: row } = await findLiveSeries(ctx, id)
  dayToCome(ctx, row, date)
  const written = await ctx.db.batch([
    ctx.db
      .insert(seriesSkips)
      .select(sql`SELECT ${id}, ${date} WHERE ${isOpen(ctx, id, date)}`)
      .onConflictDoUpdate({
        target: [seriesSkips.seriesId, seriesSkips.date],
        set: { date: sql`excluded.date` },
      })
      .returning({ date: seriesSkips.date }),
    lookAgainNow(ctx, id),
  ])
  if (written[0].length === 0) throw isMade(date)
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
    lookAgainNow(ctx, id),
  ])
  if (deleted.length > 0) return
  // Ended meanwhile, if another request was quicker.
  await findLiveSeries(ctx, id)
  throw notFound('skipped day')
}

function dayToCome(ctx: Ctx, row: SeriesRow, date: string): Day {
  const day = dayOn(row, date)
  if (day === null) throw invalid('date', 'the series has no draw on this day')
  if (day.closesAt <= ctx.now) throw invalid('date', 'entries for this day are over')
  return day
}

/** Whether nobody has begun to make the day's raffle: from then on what it is made of stands still. */
const isOpen = (ctx: Ctx, id: string, date: string): SQL =>
  notExists(
    ctx.db
      .select({ one: sql`1` })
      .from(seriesOccurrences)
      .where(and(eq(seriesOccurrences.seriesId, id), eq(seriesOccurrences.date, date))),
  )

/** Whether the series goes on: nothing is made any more of one that has ended. */
const isLive = (ctx: Ctx, id: string): SQL =>
  exists(
    ctx.db
      .select({ one: sql`1` })
      .from(series)
      .where(and(eq(series.id, id), ne(series.status, 'ended'))),
  )

/** The days to come are others now: the sweep looks at once, and one under way must see that it read too early. */
const lookAgainNow = (ctx: Ctx, id: string) =>
  ctx.db
    .update(series)
    .set({ dueAt: ctx.now, revision: sql`${series.revision} + 1` })
    .where(and(eq(series.id, id), eq(series.status, 'active')))

const isMade = (date: string) =>
  new Problem('invalid_state', `The raffle of ${date} is made already; change or cancel that raffle itself.`)
