/** The sweep over refunds: everything due, oldest first, a few at a time; one's failure never stops another's. */
import { and, asc, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { SECOND_MS } from '../core/time.ts'
import { type RefundRow, refunds } from '../money/schema.ts'
import { resumeRefund } from './resume-refund.ts'

const AT_A_TIME = 5
const A_PAGE = 200
const MAX_PASS_MS = 10 * SECOND_MS

export async function sweepRefunds(ctx: Ctx): Promise<{ resumed: number; failed: number }> {
  const result = { resumed: 0, failed: 0 }
  const until = Date.now() + MAX_PASS_MS
  let last: RefundRow | undefined
  do {
    const queue = await dueRefunds(ctx, last)
    last = queue.at(-1)
    const worker = async () => {
      for (let next = queue.shift(); next !== undefined && Date.now() < until; next = queue.shift()) {
        result[(await resumeRefund(ctx, next)) ? 'resumed' : 'failed']++
      }
    }
    await Promise.all(Array.from({ length: AT_A_TIME }, worker))
  } while (last !== undefined && Date.now() < until)
  return result
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
