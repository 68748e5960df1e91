/** Marks results that are missing. */
import { and, eq, isNull, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { MISSING_AFTER_MS } from './fetch-schedule.ts'
import { lotteryDraws } from './schema.ts'

/** A record that comes meanwhile wins: a decision always writes its own attention. */
export const markMissing = (ctx: Ctx) =>
  ctx.db
    .update(lotteryDraws)
    .set({ attention: 'missing', updatedAt: ctx.now })
    .where(
      and(
        eq(lotteryDraws.results, 0),
        isNull(lotteryDraws.skipReason),
        isNull(lotteryDraws.attention),
        lte(lotteryDraws.drawAt, ctx.now - MISSING_AFTER_MS),
      ),
    )
