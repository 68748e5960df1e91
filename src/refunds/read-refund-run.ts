/** Reads the progress of refunding a cancelled raffle or event, for its organisation. */
import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { findEventFor } from '../events/find-event.ts'
import { ticketTypes } from '../events/schema.ts'
import { refundRuns, refunds } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { EventRefundRun, RefundRun } from './contract.ts'
import { cancelKeySql } from './refund-run.ts'

export async function readRefundRun(ctx: Ctx, raffleId: string): Promise<RefundRun> {
  await findRaffleFor(ctx, raffleId, 'reports:read')
  return { raffleId, ...(await readProgress(ctx, sql`(${raffleId})`)) }
}

export async function readEventRefundRun(ctx: Ctx, id: string): Promise<EventRefundRun> {
  // The path may name its slug.
  const { id: eventId } = await findEventFor(ctx, id, 'reports:read')
  const types = sql`(SELECT ${ticketTypes.id} FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${eventId})`
  const waiting = sql`EXISTS (SELECT 1 FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${eventId}
    AND ${ticketTypes.dueAt} IS NOT NULL)`
  return { eventId, ...(await readProgress(ctx, types, waiting)) }
}

/** The runs of these items as one. `waiting`: whether the run of one of them has yet to start. */
async function readProgress(
  ctx: Ctx,
  itemIds: SQL,
  waiting: SQL = sql`false`,
): Promise<Omit<RefundRun, 'raffleId'>> {
  const run = await ctx.db
    .select({
      reason: refundRuns.reason,
      done: sql<number>`sum(${refundRuns.done})`,
      startedAt: sql<number | null>`min(${refundRuns.startedAt})`,
      finishedAt: sql<
        number | null
      >`iif(count(*) = count(${refundRuns.finishedAt}) AND NOT ${waiting}, max(${refundRuns.finishedAt}), NULL)`,
    })
    .from(refundRuns)
    .where(sql`${refundRuns.itemId} IN ${itemIds}`)
    .get()
  if (run === undefined || run.startedAt === null) throw notFound('refund run')
  const { done, startedAt } = run
  const counts = await ctx.db.get<{ waiting: number; paid: number }>(sql`
    SELECT count(*) FILTER (WHERE ${orderLines.state} = 'issued' AND ${orderLines.unitAmount} > 0
             AND ${orderLines.refundedQuantity} < ${orderLines.quantity}) AS waiting,
           count(*) FILTER (WHERE ${refunds.status} = 'paid') AS paid
    FROM ${orderLines} LEFT JOIN ${refunds}
      ON ${refunds.orderId} = ${orderLines.orderId} AND ${refunds.key} = ${cancelKeySql}
    WHERE ${orderLines.itemId} IN ${itemIds}`)
  const total = done + counts.waiting
  const end = expectedEnd(ctx.now, startedAt, { total, done, paid: counts.paid })
  return {
    reason: run.reason,
    total,
    done,
    paid: counts.paid,
    startedAt: toInstant(startedAt),
    expectedEnd: toInstantOrNull(end),
    finishedAt: toInstantOrNull(run.finishedAt),
  }
}

/**
 * When the last refund will be paid, by the pace so far; until one is paid, by the pace of recording them. Null without
 * a pace, and once all are paid. Times are in milliseconds.
 */
export function expectedEnd(
  now: number,
  startedAt: number,
  { total, done, paid }: { total: number; done: number; paid: number },
): number | null {
  const finished = paid > 0 ? paid : done
  if (finished === 0 || paid === total) return null
  return Math.round(now + ((now - startedAt) * (total - finished)) / finished)
}
