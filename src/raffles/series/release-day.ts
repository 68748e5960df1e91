/**
 * A day is open until a pool accepts its raffle. A change of an open day deletes its unfinished raffle in the same
 * batch: the draft, its claim, and the stock that a crashed publication had set aside.
 */
import { and, eq, ne, notExists, type SQL, sql } from 'drizzle-orm'
import { undoSetAside } from '../../catalog/set-aside.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { askPool } from '../../tickets/client.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { raffles, seriesOccurrences } from '../schema.ts'

/** A day of a series, and the id of its unfinished raffle, if there is one. */
export interface OpenDay {
  seriesId: string
  date: string
  begun: string | null
}

/** Throws if a pool has accepted the day's raffle. Queries the pool itself, because its projection may be late. */
export async function findOpenDay(ctx: Ctx, seriesId: string, date: string): Promise<OpenDay> {
  const claim = await ctx.db
    .select({
      raffleId: seriesOccurrences.raffleId,
      status: raffles.status,
      poolLocation: raffles.poolLocation,
    })
    .from(seriesOccurrences)
    .leftJoin(raffles, eq(raffles.id, seriesOccurrences.raffleId))
    .where(and(eq(seriesOccurrences.seriesId, seriesId), eq(seriesOccurrences.date, date)))
    .get()
  if (claim === undefined) return { seriesId, date, begun: null }
  if (claim.status !== null && claim.status !== 'draft') throw isPublished(date)
  const { raffleId, poolLocation } = claim
  const pool = await askPool(ctx, { pool: poolNameOf(raffleId), poolLocation }, (stub) => stub.state())
  if (pool !== null) throw isBeingPublished(date)
  return { seriesId, date, begun: claim.raffleId }
}

/** Guard for the statement that changes the day, placed before `releaseDay`: the day is still as it was read. */
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
 * Statements that delete the unfinished raffle of an open day. Race: a sweep may be making that raffle now. Safe: a
 * sweep that has read the claim keeps no draft without it. One that has read the draft finds no row in which to
 * record its publication, so it never calls the pool.
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
 * Whether a pool that had no terms when it was queried can never get any. A publication records `due_at` before it
 * calls the pool, and the pool refuses its terms from that time on.
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
