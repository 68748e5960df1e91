/** An admin records what a draw's numbers are. They count once a second person or source confirms them. */
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { newId } from '../core/ids.ts'
import { toWallClock } from '../core/time.ts'
import { changeDraw } from './change-draw.ts'
import type { LotteryResult, RecordResult } from './contract.ts'
import { decideOnRecord } from './decide-result.ts'
import { findLottery } from './find-lottery.ts'
import { officialTime } from './official-time.ts'
import { readResult } from './read-results.ts'
import { refuseHolder, type TicketsOnDraw } from './refuse-holders.ts'
import { whyNotNumbers } from './results-page.ts'

export async function recordResult(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  lotteryId: string,
  input: RecordResult,
): Promise<LotteryResult> {
  const { userId } = await requireAdmin(ctx)
  const lottery = await findLottery(ctx, lotteryId)
  const { date, ...read } = input
  const why = whyNotNumbers(lottery, read.numbers)
  if (why !== null) throw invalid('numbers', why)
  const drawAt = officialTime(lottery, date)
  if (drawAt > ctx.now) {
    const time = toWallClock(drawAt, lottery.timeZone)
    throw new Problem('invalid_state', `This draw is held at ${time}. Its result can be recorded then.`)
  }
  await refuseHolder(ctx, ticketsOn, userId, { lotteryId, date })
  const record = { ...read, id: newId('lotteryRecord'), origin: 'person', author: userId } as const
  await changeDraw(ctx, lottery, date, (known) => decideOnRecord(known, record))
  return readResult(ctx, lotteryId, date)
}
