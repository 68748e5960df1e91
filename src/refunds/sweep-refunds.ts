/** Sweeps refunds: resumes those that are due, oldest first. */
import { asc, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { refunds } from '../money/schema.ts'
import { resumeRefund } from './resume-refund.ts'

export const sweepRefunds = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'refund',
    page: (limit) =>
      ctx.db
        .select()
        .from(refunds)
        .where(lte(refunds.dueAt, ctx.now))
        .orderBy(asc(refunds.dueAt), asc(refunds.id))
        .limit(limit),
    one: (refund, at) => resumeRefund(at, refund),
  })
