/**
 * A day is open while no pool has accepted its raffle. Whoever changes an open day takes back what was begun of its
 * raffle in the same batch: the draft, its claim, and the stock that a publication which died had set aside.
 */
import { and, eq, ne, notExists, type SQL, sql } from 'drizzle-orm'
import { undoSetAside } from '../../catalog/set-aside.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { askPool } from '../../tickets/client.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { raffles, seriesOccurrences } from '../schema.ts'

/** A day of a series, and the id of the raffle that was begun for it, if any was. */
export interface OpenDay {
  seriesId: string
  date: string
  begun: string | null
}

/** Throws where a pool has accepted the day's raffle: the pool itself is asked, as the database may not have heard. */
export async function findOpenDay(ctx: Ctx, seriesId: string, date: string): Promise<OpenDay> {
  const claim = await ctx.db
    .select({ raffleId: seriesOccurrences.raffleId, status: raffles.status })
    .from(seriesOccurrences)
    .leftJoin(raffles, eq(raffles.id, seriesOccurrences.raffleId))
    .where(and(eq(seriesOccurrences.seriesId, seriesId), eq(seriesOccurrences.date, date)))
    .get()
  if (claim === undefined) return { seriesId, date, begun: null }
  if (claim.status !== null && claim.status !== 'draft') throw isPublished(date)
  const pool = await askPool(ctx, poolNameOf(claim.raffleId), (door) => door.state())
  if (pool !== null) throw isBeingPublished(date)
  return { seriesId, date, begun: claim.raffleId }
}

/** Whether the day is still as it was found: for the statement that changes it, ahead of `releaseDay`. */
export const isOpen = (ctx: Ctx, { seriesId, date, begun }: OpenDay): SQL =>
  and(
    notExists(
      ctx.db
        .select({ one: sql`1` })
        .from(seriesOccurrences)
        .where(
          and(
            eq(seriesOccurrences.seriesId, seriesId),
            eq(seriesOccurrences.date, date),
            begun === null ? undefined : ne(seriesOccurrences.raffleId, begun),
          ),
        ),
    ),
    begun === null ? undefined : isUnpublished(ctx, begun),
  )!

/**
 * Statements: as if nobody had begun the day's raffle, where the day is open. A sweep that has read the claim writes no
 * draft without it, and one that has read the draft finds nothing to note its publication in, so no pool hears of it.
 */
export const releaseDay = (ctx: Ctx, { begun }: OpenDay) =>
  begun === null
    ? []
    : [
        ...undoSetAside(ctx, begun, isUnpublished(ctx, begun)),
        ctx.db.delete(raffles).where(and(eq(raffles.id, begun), isUnpublished(ctx, begun))),
        ctx.db
          .delete(seriesOccurrences)
          .where(
            and(
              eq(seriesOccurrences.raffleId, begun),
              sql`NOT EXISTS (SELECT 1 FROM ${raffles} WHERE ${raffles.id} = ${begun})`,
            ),
          ),
      ]

/**
 * Whether a pool that had no terms when it was asked has none for good: a publication notes itself in `due_at` before
 * the pool hears of it, and at that time the pool takes no terms of it any more.
 */
const isUnpublished = (ctx: Ctx, raffleId: string): SQL =>
  sql`NOT EXISTS (SELECT 1 FROM raffles AS begun WHERE begun.id = ${raffleId}
    AND (begun.status <> 'draft' OR begun.due_at > ${ctx.now}))`

const isPublished = (date: string): Problem =>
  new Problem(
    'invalid_state',
    `The raffle of ${date} is published already; change or cancel that raffle itself.`,
  )

export const isBeingPublished = (date: string): Problem =>
  new Problem('conflict', `The raffle of ${date} is being published just now. Try again in two minutes.`)
