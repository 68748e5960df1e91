/**
 * Makes the raffle of one day, exactly once: a row claims the day with the raffle's id, the draft is written under that
 * id, and published. Each step does nothing where it was done, so it may be doubled, or killed between any two, and
 * nothing where the claim was taken back since: see `release-day.ts`.
 */
import { and, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { Problem } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { newDraft } from '../create-raffle.ts'
import { handOver } from '../publish-raffle.ts'
import { type RaffleRow, raffles, type SeriesRow, seriesOccurrences, seriesRewards } from '../schema.ts'
import type { Day } from './occurrences.ts'
import { raffleOfDay } from './raffle-of-day.ts'

type OccurrenceRow = typeof seriesOccurrences.$inferSelect

export async function makeOccurrence(ctx: Ctx, series: SeriesRow, day: Day): Promise<void> {
  const occurrence = await claimDay(ctx, series, day)
  if (occurrence === undefined) return
  const raffle = await writeDraft(ctx, series, day, occurrence)
  if (raffle?.status !== 'draft') return
  try {
    await handOver(ctx, raffle)
  } catch (error) {
    if (error instanceof Problem) await noteProblem(ctx, occurrence, error.message)
    throw error
  }
}

/** Only while the series is as it was read, and the day not skipped; undefined: not now, and the sweep comes again. */
async function claimDay(ctx: Ctx, series: SeriesRow, { date }: Day): Promise<OccurrenceRow | undefined> {
  const raffleId = newId('raffle')
  await withRetry(() =>
    ctx.db
      .insert(seriesOccurrences)
      .select(sql`
        SELECT ${series.id}, ${date}, ${raffleId}, NULL, ${ctx.now} WHERE EXISTS (
          SELECT 1 FROM series WHERE id = ${series.id} AND status = 'active' AND revision = ${series.revision}
        ) AND NOT EXISTS (SELECT 1 FROM series_skips WHERE series_id = ${series.id} AND date = ${date})`)
      .onConflictDoNothing({ target: [seriesOccurrences.seriesId, seriesOccurrences.date] }),
  )
  return ctx.db
    .select()
    .from(seriesOccurrences)
    .where(and(eq(seriesOccurrences.seriesId, series.id), eq(seriesOccurrences.date, date)))
    .get()
}

/** The reward stands still while the claim does, so that every try writes the same draft; none without the claim. */
async function writeDraft(
  ctx: Ctx,
  series: SeriesRow,
  day: Day,
  { raffleId: id }: OccurrenceRow,
): Promise<RaffleRow | undefined> {
  const written = await findRow(ctx, id)
  if (written !== undefined) return written
  const reward = await ctx.db
    .select()
    .from(seriesRewards)
    .where(and(eq(seriesRewards.seriesId, series.id), eq(seriesRewards.date, day.date)))
    .get()
  const { organisationId } = series
  const draft = newDraft(ctx, { id, organisationId, seriesId: series.id }, raffleOfDay(series, day, reward))
  const isUnclaimed = sql`NOT EXISTS (
    SELECT 1 FROM ${seriesOccurrences} WHERE ${seriesOccurrences.raffleId} = ${id})`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.insert(raffles).values(draft).onConflictDoNothing({ target: raffles.id }),
      ctx.db.delete(raffles).where(and(eq(raffles.id, id), eq(raffles.status, 'draft'), isUnclaimed)),
    ]),
  )
  return findRow(ctx, id)
}

const findRow = (ctx: Ctx, id: string) => ctx.db.select().from(raffles).where(eq(raffles.id, id)).get()

async function noteProblem(ctx: Ctx, { raffleId, problem }: OccurrenceRow, why: string): Promise<void> {
  if (problem === why) return
  await ctx.db.update(seriesOccurrences).set({ problem: why }).where(eq(seriesOccurrences.raffleId, raffleId))
}
