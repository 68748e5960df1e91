/** The official draw that decides a raffle: it must be one of the lottery's own, at its own time. */
import { eq } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { type FieldError, invalid } from '../core/errors.ts'
import { toInstant } from '../core/time.ts'
import { readConfirmedResult } from '../lotteries/confirmed-results.ts'
import { findDraw } from '../lotteries/find-lottery.ts'
import { officialDraw } from '../lotteries/official-time.ts'
import { type LotteryRow, lotteries } from '../lotteries/schema.ts'
import type { Draw } from './draw-contract.ts'
import type { RulesColumns } from './terms.ts'

/** Every reason why this lottery cannot decide the raffle, by field; empty if it can, or if a beacon draws. */
export async function wrongOfficialDraw(
  ctx: Ctx,
  { draw, drawAt, prizes }: Pick<RulesColumns, 'draw' | 'drawAt' | 'prizes'>,
): Promise<FieldError[]> {
  if (draw.method !== 'lottery') return []
  const lottery = await findLottery(ctx, draw.lotteryId)
  if (lottery?.status !== 'active') {
    return [{ path: 'draw.lotteryId', message: 'is no lottery whose results are recorded here' }]
  }
  const errors: FieldError[] = []
  if (draw.digits > lottery.digits) {
    errors.push({ path: 'draw.digits', message: `the numbers of this lottery have ${lottery.digits} digits` })
  }
  const most = lottery.numbersPerDraw
  if (prizes.reduce((units, { quantity }) => units + quantity, 0) > most) {
    const message = `a draw of this lottery has ${most} numbers, so it can decide at most ${most} prizes`
    errors.push({ path: 'prizes', message })
  }
  const official = officialDraw(lottery, draw.date)
  if (official === null) errors.push({ path: 'draw.date', message: 'this lottery has no draw on that day' })
  else if ((await findDraw(ctx, draw.lotteryId, draw.date))?.skipReason != null) {
    errors.push({ path: 'draw.date', message: 'this lottery does not hold its draw on that day' })
  }
  if (official !== null && official.drawAt !== drawAt) {
    const message = `must be the time of the official draw, ${toInstant(official.drawAt)}`
    errors.push({ path: 'drawAt', message })
  }
  return errors
}

/** When the official draw is held (ms). Throws if there is none, or if a beacon draws. */
export async function officialDrawAt(ctx: Ctx, draw: Draw): Promise<number> {
  if (draw.method !== 'lottery') throw invalid('drawAt', 'is required')
  const lottery = await findLottery(ctx, draw.lotteryId)
  if (lottery === undefined) throw invalid('draw.lotteryId', 'is no lottery whose results are recorded here')
  const official = officialDraw(lottery, draw.date)
  if (official === null) throw invalid('draw.date', 'this lottery has no draw on that day')
  return official.drawAt
}

/** Whether a confirmed result of its lottery decides the raffle. */
export const hasOfficialResult = async (ctx: Ctx, { draw }: Pick<RulesColumns, 'draw'>): Promise<boolean> =>
  draw.method === 'lottery' && (await readConfirmedResult(ctx, draw.lotteryId, draw.date)) !== null

const findLottery = (ctx: Ctx, id: string): Promise<LotteryRow | undefined> =>
  ctx.db.select().from(lotteries).where(eq(lotteries.id, id)).get()
