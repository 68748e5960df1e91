/** Changes a lottery. A new results page is tried at once for the draws that still have no result. */
import { and, eq, gt, isNull, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { fieldsOf, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import { isAdmin } from './change-draw.ts'
import type { Lottery, UpdateLottery } from './contract.ts'
import { findLottery } from './find-lottery.ts'
import { nextDraw, officialTime } from './official-time.ts'
import { presentLottery } from './present.ts'
import { type LotteryRow, lotteries, lotteryDraws } from './schema.ts'

/** A page keeps its results for a few days at least. */
const FETCHED_AGAIN_MS = 7 * DAY_MS

/** A raffle on sale that a lottery decides. It is above this folder: `app.ts` passes the query in. */
export interface SellingRaffle {
  id: string
  title: string
  /** The day of the official draw. */
  date: string
  /** When no ticket is sold any more (ms). */
  freezeAt: number
}
export type SellingOnLottery = (ctx: Ctx, lotteryId: string) => Promise<SellingRaffle[]>

export async function updateLottery(
  ctx: Ctx,
  sellingOn: SellingOnLottery,
  id: string,
  change: UpdateLottery,
): Promise<Lottery> {
  const { userId } = await requireAdmin(ctx)
  const lottery = await findLottery(ctx, id)
  const changed: LotteryRow = { ...lottery, ...change }
  if (changed.time !== lottery.time || changed.timeZone !== lottery.timeZone) {
    refuseTooEarly(changed, await sellingOn(ctx, id))
  }
  // Who sets the same address again answers for it from now on, if nobody does.
  const isOtherPage =
    changed.resultsUrl !== lottery.resultsUrl ||
    (change.resultsUrl != null && !(await answersStill(ctx, lottery)))
  const next = changed.status === 'archived' ? null : nextDraw(changed, waitingSince(lottery, ctx.now))
  const isCurrent = and(eq(lotteries.id, id), eq(lotteries.revision, lottery.revision))
  const [, updated] = await ctx.db.batch([
    // Ahead of the change, whose guard no longer holds after it.
    ctx.db
      .update(lotteryDraws)
      .set({ dueAt: changed.resultsUrl === null ? null : ctx.now, fetches: 0, fetchProblem: null })
      .where(
        and(
          eq(lotteryDraws.lotteryId, id),
          eq(lotteryDraws.results, 0),
          isNull(lotteryDraws.skipConfirmedBy),
          gt(lotteryDraws.drawAt, ctx.now - FETCHED_AGAIN_MS),
          sql`${isOtherPage ? 1 : 0} AND EXISTS (SELECT 1 FROM ${lotteries} WHERE ${isCurrent})`,
        ),
      ),
    ctx.db
      .update(lotteries)
      .set({
        ...change,
        ...(isOtherPage ? { resultsUrlBy: changed.resultsUrl === null ? null : userId } : {}),
        nextDate: next?.date ?? null,
        nextDrawAt: next?.drawAt ?? null,
        revision: lottery.revision + 1,
        updatedAt: ctx.now,
      })
      .where(isCurrent)
      .returning({ id: lotteries.id }),
    insertAudit(ctx, {
      action: 'lottery.updated',
      subject: { kind: 'lottery', id },
      organisationId: null,
      fields: fieldsOf(change),
    }),
  ])
  if (updated.length === 0) {
    throw new Problem('conflict', 'Someone else changed this lottery. Read it again.')
  }
  return presentLottery(await findLottery(ctx, id))
}

/** A draw that was held a moment ago, and for which the sweep does not wait yet, must not be left out. */
function waitingSince({ nextDrawAt }: LotteryRow, now: number): number {
  return nextDrawAt !== null && nextDrawAt <= now ? nextDrawAt - 1 : now
}

/**
 * Nobody may buy with the numbers in hand. Race: such a raffle is published at this moment. Safe: the sweep cancels it when the
 * draw is held.
 */
function refuseTooEarly(changed: LotteryRow, selling: SellingRaffle[]): void {
  const late = selling.filter(({ date, freezeAt }) => officialTime(changed, date) <= freezeAt)
  if (late.length === 0) return
  const names = late.map(({ id, title }) => `${title} (${id})`).join(', ')
  throw invalid('time', `these raffles would still sell tickets after the draw; cancel them first: ${names}`)
}

/** Who set the address is an admin, and no draw waits because they have tickets of a raffle on it. */
async function answersStill(ctx: Ctx, { id, resultsUrlBy }: LotteryRow): Promise<boolean> {
  const isBlocked = sql`EXISTS (SELECT 1 FROM ${lotteryDraws} WHERE ${lotteryDraws.lotteryId} = ${id}
    AND ${lotteryDraws.results} = 0 AND ${lotteryDraws.fetchProblem} = 'has_tickets')`
  const { answers } = await ctx.db.get<{ answers: number }>(
    sql`SELECT ${isAdmin(sql`${resultsUrlBy}`)} AND NOT ${isBlocked} AS answers`,
  )
  return answers === 1
}
