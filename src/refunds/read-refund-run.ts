/** Reads the progress of refunding a cancelled raffle, for its organisation. */
import { eq, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import { refundRuns, refunds } from '../money/schema.ts'
import { orderLines } from '../orders/schema.ts'
import { findRaffleFor } from '../raffles/find-raffle.ts'
import type { RefundRun } from './contract.ts'
import { cancelKey } from './refund-run.ts'

export async function readRefundRun(ctx: Ctx, raffleId: string): Promise<RefundRun> {
  await findRaffleFor(ctx, raffleId, 'reports:read')
  const run = await ctx.db.select().from(refundRuns).where(eq(refundRuns.itemId, raffleId)).get()
  if (run === undefined) throw notFound('refund run')
  const counts = await ctx.db.get<{ waiting: number; paid: number }>(sql`
    SELECT count(*) FILTER (WHERE ${orderLines.state} = 'issued'
             AND ${orderLines.refundedQuantity} < ${orderLines.quantity}) AS waiting,
           count(*) FILTER (WHERE ${refunds.status} = 'paid') AS paid
    FROM ${orderLines} LEFT JOIN ${refunds}
      ON ${refunds.orderId} = ${orderLines.orderId} AND ${refunds.key} = ${cancelKey(raffleId)}
    WHERE ${orderLines.itemId} = ${raffleId}`)
  const total = run.done + counts.waiting
  const end = expectedEnd(ctx.now, run.startedAt, { total, done: run.done, paid: counts.paid })
  return {
    raffleId,
    reason: run.reason,
    total,
    done: run.done,
    paid: counts.paid,
    startedAt: toInstant(run.startedAt),
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
