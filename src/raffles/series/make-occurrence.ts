/**
 * Makes the raffle of one day exactly once. A row claims the day with the raffle's id, the draft is inserted under that
 * id, then it is published. Each step is idempotent, so two sweeps may overlap, and a crash may fall between any two
 * steps. If a change of the day has deleted the claim since, the later steps do nothing: see `release-day.ts`.
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
  const raffle = await insertDraft(ctx, series, day, occurrence)
  if (raffle?.status !== 'draft') return
  try {
    await handOver(ctx, raffle)
  } catch (error) {
    if (error instanceof Problem) await recordProblem(ctx, occurrence, error.message)
    throw error
  }
}

/** Claims the day if the series is as it was read and the day is not skipped. Undefined: not claimed; the next sweep retries. */
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

/** A reward changes only together with the claim, so every try inserts the same draft. Without the claim the batch deletes it again. */
async function insertDraft(
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
  const terms = raffleOfDay(series, day, reward)
  const draft = await newDraft(ctx, { id, organisationId, seriesId: series.id }, terms)
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

async function recordProblem(ctx: Ctx, { raffleId, problem }: OccurrenceRow, why: string): Promise<void> {
  if (problem === why) return
  await ctx.db.update(seriesOccurrences).set({ problem: why }).where(eq(seriesOccurrences.raffleId, raffleId))
}
