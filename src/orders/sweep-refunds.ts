/** The sweep over refunds: everything due, oldest first, a few at a time; one's failure never stops another's. */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MINUTE_MS, SECOND_MS } from '../core/time.ts'
import { type RefundRow, refunds } from '../money/schema.ts'
import { resumeRefund } from './resume-refund.ts'

const AT_A_TIME = 5
const A_PAGE = 200
const MAX_PASS_MS = 10 * SECOND_MS
/** Until what threw is tried again: what stands behind it comes first. */
const PAUSE_AFTER_ERROR_MS = MINUTE_MS

export async function sweepRefunds(ctx: Ctx): Promise<{ resumed: number; failed: number }> {
  const result = { resumed: 0, failed: 0 }
  const until = Date.now() + MAX_PASS_MS
  let last: RefundRow | undefined
  do {
    const queue = await dueRefunds(ctx, last)
    last = queue.at(-1)
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined && Date.now() < until; next = queue.shift()) {
        result[await resume(ctx, next)]++
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  } while (last !== undefined && Date.now() < until)
  return result
}

async function resume(ctx: Ctx, refund: RefundRow): Promise<'resumed' | 'failed'> {
  try {
    await resumeRefund(ctx, refund)
    return 'resumed'
  } catch (error) {
    ctx.log.error('refund not resumed', { refundId: refund.id, status: refund.status, error })
    await later(ctx, refund)
    return 'failed'
  }
}

async function later(ctx: Ctx, refund: RefundRow): Promise<void> {
  try {
    await ctx.db
      .update(refunds)
      .set({ dueAt: ctx.now + PAUSE_AFTER_ERROR_MS })
      .where(and(eq(refunds.id, refund.id), eq(refunds.dueAt, refund.dueAt!)))
  } catch (error) {
    ctx.log.error('refund not put off', { refundId: refund.id, error })
  }
}

const dueRefunds = (ctx: Ctx, after: RefundRow | undefined): Promise<RefundRow[]> =>
  ctx.db
    .select()
    .from(refunds)
    .where(
      and(
        lte(refunds.dueAt, ctx.now),
        after && sql`(${refunds.dueAt}, ${refunds.id}) > (${after.dueAt}, ${after.id})`,
      ),
    )
    .orderBy(asc(refunds.dueAt), asc(refunds.id))
    .limit(A_PAGE)
