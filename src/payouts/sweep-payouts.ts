/** Sweeps payouts: sends the approved ones and polls the sent ones, the oldest first. */
import { asc, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { sweepRows } from '../core/sweep-rows.ts'
import { payouts } from '../money/schema.ts'
import { trySending } from './send-payout.ts'

export const sweepPayouts = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'payout',
    page: (limit) =>
      ctx.db
        .select()
        .from(payouts)
        .where(lte(payouts.dueAt, ctx.now))
        .orderBy(asc(payouts.dueAt), asc(payouts.id))
        .limit(limit),
    one: (payout, at) => trySending(at, payout),
  })
