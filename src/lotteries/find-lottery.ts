/** Reads one lottery, or one of its draws. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { isDraw } from './change-draw.ts'
import { type LotteryDrawRow, type LotteryRow, lotteries, lotteryDraws } from './schema.ts'

export async function findLottery(ctx: Ctx, id: string): Promise<LotteryRow> {
  const lottery = await ctx.db.select().from(lotteries).where(eq(lotteries.id, id)).get()
  if (lottery === undefined) throw notFound('lottery')
  return lottery
}

/** Undefined: it was not held yet, nobody has skipped it, and nobody has recorded a result. */
export const findDraw = (ctx: Ctx, lotteryId: string, date: string): Promise<LotteryDrawRow | undefined> =>
  ctx.db.select().from(lotteryDraws).where(isDraw(lotteryId, date)).get()
