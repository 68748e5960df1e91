/** Reads one lottery. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type LotteryRow, lotteries } from './schema.ts'

export async function findLottery(ctx: Ctx, id: string): Promise<LotteryRow> {
  const lottery = await ctx.db.select().from(lotteries).where(eq(lotteries.id, id)).get()
  if (lottery === undefined) throw notFound('lottery')
  return lottery
}
