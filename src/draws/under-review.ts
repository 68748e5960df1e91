/**
 * A winner is under review while a proposal to disqualify waits for a second person. Until it is decided or lapses, the
 * prize stands still: each statement that would move it carries this guard, so that no proposal can come in between.
 */
import { type AnyColumn, and, eq, gt, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { DAY_MS, toInstant } from '../core/time.ts'
import { disqualifications, type WinnerRow, winners } from './schema.ts'

/** How long a proposal waits. One person alone can stop a prize for no longer. */
export const REVIEW_MS = 3 * DAY_MS

/** The condition of a join: the proposal that waits for a decision about the winner. There is at most one. */
export const isPendingFor = (ctx: Ctx, winnerId: string | AnyColumn): SQL =>
  and(
    eq(disqualifications.winnerId, winnerId),
    eq(disqualifications.status, 'proposed'),
    gt(disqualifications.lapsesAt, ctx.now),
  )!

/** Guard: the winner is under review. */
export const isUnderReview = (ctx: Ctx, winnerId: string | AnyColumn): SQL =>
  sql`EXISTS (SELECT 1 FROM ${disqualifications} WHERE ${isPendingFor(ctx, winnerId)})`

/** The winner as stored now, and until when it is under review (ms); null: it is not. */
export async function readReview(
  ctx: Ctx,
  winnerId: string,
): Promise<{ winner: WinnerRow; until: number | null } | undefined> {
  return ctx.db
    .select({ winner: winners, until: disqualifications.lapsesAt })
    .from(winners)
    .leftJoin(disqualifications, isPendingFor(ctx, winners.id))
    .where(eq(winners.id, winnerId))
    .get()
}

/** What a refusal tells its reader, with the time when the review ends at the latest (ms). */
export const reviewText = {
  toWinner: (what: 'claimed' | 'declined') => (until: number) =>
    `This prize is being reviewed by the organiser; it can be ${what} again at ${toInstant(until)}.`,
  toMember: (until: number) =>
    `A proposal to disqualify this winner waits for a decision until ${toInstant(until)}: confirm or withdraw it first.`,
}
