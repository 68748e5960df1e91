/** Changes one day of a series: its reward, or a skip. A day may change until a pool has accepted its raffle. */
import { and, eq, exists, ne, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import { type AuditEntry, insertAudit } from '../../audit/insert-audit.ts'
import type { AuditAction } from '../../audit/schema.ts'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { invalid, notFound, validationFailed } from '../../core/errors.ts'
import { requireOwnReferences } from '../own-references.ts'
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
  await requireOwnReferences(ctx, row.organisationId, reward)
  const { prizes, imageUrl } = reward
  const isAsGiven = sql`EXISTS (SELECT 1 FROM ${seriesRewards} WHERE ${rewardOf(id, date)}
    AND ${seriesRewards.prizes} = ${JSON.stringify(prizes)} AND ${seriesRewards.imageUrl} IS ${imageUrl})`
  const entry = entryOf(row, date, 'series.reward_set')
  await changeDay(ctx, date, entry, sql`NOT ${isAsGiven}`, (isStillOpen) =>
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
  const { series: row } = await findLiveSeries(ctx, id)
  const day = rewardOf(id, date)
  if ((await ctx.db.select().from(seriesRewards).where(day).get()) === undefined) throw notFound('reward')
  const entry = entryOf(row, date, 'series.reward_deleted')
  const isThere = sql`EXISTS (SELECT 1 FROM ${seriesRewards} WHERE ${day})`
  await changeDay(ctx, date, entry, isThere, (isStillOpen) =>
    ctx.db.delete(seriesRewards).where(and(day, isStillOpen)).returning({ date: seriesRewards.date }),
  )
}

export async function skipDay(ctx: Ctx, id: string, date: string): Promise<Skip> {
  const { series: row } = await findLiveSeries(ctx, id)
  dayToCome(ctx, row, date)
  const isSkipped = sql`EXISTS (SELECT 1 FROM ${seriesSkips} WHERE ${skipOf(id, date)})`
  const entry = entryOf(row, date, 'series.day_skipped')
  await changeDay(ctx, date, entry, sql`NOT ${isSkipped}`, (isStillOpen) =>
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
  const day = skipOf(id, date)
  const [deleted] = await ctx.db.batch([
    ctx.db
      .delete(seriesSkips)
      .where(and(day, isLive(ctx, id)))
      .returning({ date: seriesSkips.date }),
    insertAudit(ctx, entryOf(row, date, 'series.day_unskipped')),
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

const rewardOf = (id: string, date: string) =>
  and(eq(seriesRewards.seriesId, id), eq(seriesRewards.date, date))
const skipOf = (id: string, date: string) => and(eq(seriesSkips.seriesId, id), eq(seriesSkips.date, date))

/** In the audit a day is a field of its series. */
const entryOf = ({ id, organisationId }: SeriesRow, date: string, action: AuditAction): AuditEntry => ({
  action,
  subject: { kind: 'series', id },
  organisationId,
  fields: [`days.${date}`],
})

/**
 * Changes an open day and deletes its unfinished raffle in the same batch, so that the sweep makes a new one. The change
 * is audited only where `isOther`: where it differs from what the day had.
 */
async function changeDay(
  ctx: Ctx,
  date: string,
  entry: AuditEntry,
  isOther: SQL,
  statementFor: (isStillOpen: SQL) => BatchItem<'sqlite'> & PromiseLike<{ date: string }[]>,
): Promise<void> {
  const { id } = entry.subject
  const day = await findOpenDay(ctx, id, date)
  const isStillOpen = isOpen(ctx, day)
  const [, written] = await withRetry(() =>
    ctx.db.batch([
      // Before the change, as the change also writes what is there already.
      insertAudit(ctx, entry, sql`${isStillOpen} AND ${isOther}`),
      statementFor(isStillOpen),
      ...releaseDay(ctx, day),
      makeSeriesDueNow(ctx, id),
    ]),
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
