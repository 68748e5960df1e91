/** An admin confirms a record of a draw, or ends it. */
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { changeDraw } from './change-draw.ts'
import type { ConfirmResult, LotteryResult, RejectRecord } from './contract.ts'
import { decideOnConfirmation, decideOnRejection } from './decide-result.ts'
import { findLottery } from './find-lottery.ts'
import { readResult } from './read-results.ts'
import { refuseHolder, type TicketsOnDraw } from './refuse-holders.ts'

interface OfDraw {
  id: string
  date: string
}

/** Two admins may confirm at once: one wins, and the other gets the same answer. */
export async function confirmResult(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  { id, date }: OfDraw,
  { recordId, reason }: ConfirmResult,
): Promise<LotteryResult> {
  const { userId } = await requireAdmin(ctx)
  const lottery = await findLottery(ctx, id)
  await refuseHolder(ctx, ticketsOn, userId, { lotteryId: id, date })
  await changeDraw(ctx, lottery, date, (known) => decideOnConfirmation(known, recordId, userId, reason))
  return readResult(ctx, id, date)
}

export async function rejectRecord(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  { id, date }: OfDraw,
  { recordId }: RejectRecord,
): Promise<LotteryResult> {
  const { userId } = await requireAdmin(ctx)
  const lottery = await findLottery(ctx, id)
  await refuseHolder(ctx, ticketsOn, userId, { lotteryId: id, date })
  await changeDraw(ctx, lottery, date, (known) => decideOnRejection(known, recordId, userId))
  return readResult(ctx, id, date)
}
