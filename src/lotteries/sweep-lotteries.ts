/**
 * The sweep of lotteries: makes the draws that were held, fetches the pages that are due, and marks results that are missing.
 * It may die at any point: each step is one transaction, and a fetch is put off before it is made.
 */
import { and, asc, eq, lte, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { doEach, sweepRows } from '../core/sweep-rows.ts'
import { markMissing } from './attention.ts'
import { changeDraw, insertDraw, isAdmin, isDraw, newDraw } from './change-draw.ts'
import { decideOnPage } from './decide-result.ts'
import { isForRafflesOnly, nextFetch } from './fetch-schedule.ts'
import { nextDraw } from './official-time.ts'
import type { IsDrawInUse, TicketsOnDraw } from './refuse-holders.ts'
import { fetchNumbers } from './results-page.ts'
import { type FetchProblem, type LotteryDrawRow, type LotteryRow, lotteries, lotteryDraws } from './schema.ts'

/** After a long pause of the sweep, a lottery gets so many draws in one pass. The next pass makes more. */
const MAX_DRAWS_A_PASS = 40

/** What raffles on a draw mean for it. They are above this folder: `cron.ts` passes it in. */
export interface RafflesOnDraw {
  ticketsOn: TicketsOnDraw
  isInUse: IsDrawInUse
}

export const sweepLotteries = (ctx: Ctx, raffles: RafflesOnDraw) =>
  doEach([() => makeHeldDraws(ctx), () => fetchDuePages(ctx, raffles), () => markMissing(ctx)])

const makeHeldDraws = (ctx: Ctx) =>
  sweepRows(ctx, {
    name: 'lottery draws',
    page: (limit) =>
      ctx.db
        .select()
        .from(lotteries)
        .where(lte(lotteries.nextDrawAt, ctx.now))
        .orderBy(asc(lotteries.nextDrawAt))
        .limit(limit),
    one: (row) => makeDraws(ctx, row),
  })

async function makeDraws(ctx: Ctx, lottery: LotteryRow): Promise<void> {
  let next = { date: lottery.nextDate!, drawAt: lottery.nextDrawAt! }
  for (let made = 0; made < MAX_DRAWS_A_PASS && next.drawAt <= ctx.now; made++) {
    const held = next
    next = nextDraw(lottery, held.drawAt)
    const [, moved] = await ctx.db.batch([
      insertDraw(ctx, { ...newDraw(ctx, lottery, held.date), drawAt: held.drawAt }),
      ctx.db
        .update(lotteries)
        .set({ nextDate: next.date, nextDrawAt: next.drawAt })
        // Another sweep may have made the draw, or an admin has changed the times: then this row is out of date.
        .where(
          and(
            eq(lotteries.id, lottery.id),
            eq(lotteries.revision, lottery.revision),
            eq(lotteries.nextDate, held.date),
          ),
        )
        .returning({ id: lotteries.id }),
    ])
    if (moved.length === 0) return
  }
}

interface DueDraw {
  id: string
  draw: LotteryDrawRow
  lottery: LotteryRow
}

const fetchDuePages = (ctx: Ctx, raffles: RafflesOnDraw) =>
  sweepRows<DueDraw>(ctx, {
    name: 'lottery results',
    page: async (limit) => {
      const rows = await ctx.db
        .select({ draw: lotteryDraws, lottery: lotteries })
        .from(lotteryDraws)
        .innerJoin(lotteries, eq(lotteries.id, lotteryDraws.lotteryId))
        .where(and(lte(lotteryDraws.dueAt, ctx.now), lte(lotteryDraws.drawAt, ctx.now)))
        .orderBy(asc(lotteryDraws.dueAt))
        .limit(limit)
      return rows.map((row) => ({ ...row, id: `${row.lottery.id} ${row.draw.date}` }))
    },
    one: ({ draw, lottery }) => fetchPage(ctx, raffles, lottery, draw),
  })

async function fetchPage(
  ctx: Ctx,
  { ticketsOn, isInUse }: RafflesOnDraw,
  lottery: LotteryRow,
  draw: LotteryDrawRow,
): Promise<void> {
  const { resultsUrl, resultsUrlBy } = lottery
  const hasPage = resultsUrl !== null && resultsUrlBy !== null
  const fetched = { ...draw, fetches: draw.fetches + 1 }
  // A raffle that is over stays over, and none is sold after the draw: so an end of the fetches is for good.
  const isFetchedAgain = hasPage && (!isForRafflesOnly(fetched) || (await isInUse(ctx, draw)))
  const [claimed] = await ctx.db
    .update(lotteryDraws)
    .set({
      fetches: fetched.fetches,
      dueAt: isFetchedAgain ? nextFetch(fetched, ctx.now) : null,
    })
    .where(
      and(
        isDraw(draw.lotteryId, draw.date),
        eq(lotteryDraws.dueAt, draw.dueAt!),
        eq(lotteryDraws.fetches, draw.fetches),
      ),
    )
    .returning({ date: lotteryDraws.date })
  // Without a row, another sweep has just fetched it, or its result has come.
  if (claimed === undefined || !hasPage) return
  const nobody = await whyNobodyAnswers(ctx, ticketsOn, resultsUrlBy, draw)
  if (nobody !== null) {
    await ctx.db.update(lotteryDraws).set({ fetchProblem: nobody }).where(isDraw(draw.lotteryId, draw.date))
    return
  }
  const page = await fetchNumbers({ ...lottery, resultsUrl }, draw.date)
  ctx.log.info('lottery: a page was fetched', {
    lotteryId: lottery.id,
    date: draw.date,
    problem: page.ok ? null : page.why,
  })
  if (!page.ok) {
    await ctx.db.update(lotteryDraws).set({ fetchProblem: page.why }).where(isDraw(draw.lotteryId, draw.date))
    return
  }
  const { numbers, source } = page
  const record = {
    id: newId('lotteryRecord'),
    origin: 'page',
    author: resultsUrlBy,
    numbers,
    source,
    reason: null,
  } as const
  await changeDraw(ctx, lottery, draw.date, (known) => decideOnPage(known, record))
  await ctx.db
    .update(lotteryDraws)
    // The page has said what it has to say: now people decide. A result that counts is compared with it later.
    .set({ fetchProblem: null, dueAt: sql`iif(${lotteryDraws.results} = 0, NULL, ${lotteryDraws.dueAt})` })
    .where(isDraw(draw.lotteryId, draw.date))
}

/** Why the admin who set the address of the page does not answer for what it says of this draw; null: they do. */
async function whyNobodyAnswers(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  userId: string,
  draw: LotteryDrawRow,
): Promise<FetchProblem | null> {
  const { isStill } = await ctx.db.get<{ isStill: number }>(sql`SELECT ${isAdmin(sql`${userId}`)} AS isStill`)
  if (isStill === 0) return 'nobody_answers'
  return (await ticketsOn(ctx, userId, draw)).length > 0 ? 'has_tickets' : null
}
