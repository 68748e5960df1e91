/** Marks results that are missing, and counts what admins have left too long. */
import { and, count, eq, isNotNull, isNull, lte, or, sql } from 'drizzle-orm'
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

/** Results that are missing hours after the draw, sources that disagree, and pages that differ from a result. */
export async function countOpenResults(ctx: Ctx): Promise<number> {
  const [open] = await ctx.db
    .select({ count: count() })
    .from(lotteryDraws)
    .where(
      and(
        isNotNull(lotteryDraws.attention),
        lte(lotteryDraws.drawAt, ctx.now - MISSING_AFTER_MS),
        // A correction that waits for its second person is nobody's neglect.
        or(eq(lotteryDraws.results, 0), sql`${lotteryDraws.attention} <> 'unconfirmed'`),
      ),
    )
  return open!.count
}
