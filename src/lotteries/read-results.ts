/** Reads the results of draws. What the sources say is for admins only; the rest is public. */
import { and, asc, desc, eq, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import * as z from 'zod'
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound, Problem } from '../core/errors.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import type { LotteryResult } from './contract.ts'
import { findDraw, findLottery } from './find-lottery.ts'
import { presentResult } from './present.ts'
import {
  type LotteryDrawRow,
  type LotteryRecordRow,
  type LotteryResultRow,
  lotteryDraws,
  lotteryRecords,
  lotteryResults,
} from './schema.ts'

export async function readResult(ctx: Ctx, lotteryId: string, date: string): Promise<LotteryResult> {
  const draw = await findDraw(ctx, lotteryId, date)
  if (draw === undefined) throw notFound('draw')
  return (await present(ctx, [draw]))(draw)
}

/** The results of one lottery, the latest draw first. */
export async function listResults(
  ctx: Ctx,
  lotteryId: string,
  query: PageQuery,
): Promise<PageOf<LotteryResult>> {
  await findLottery(ctx, lotteryId)
  const last = readCursor(query.cursor, z.tuple([z.string()]))
  const draws = await ctx.db
    .select()
    .from(lotteryDraws)
    .where(and(eq(lotteryDraws.lotteryId, lotteryId), last && lt(lotteryDraws.date, last[0])))
    .orderBy(desc(lotteryDraws.date))
    .limit(query.limit + 1)
  return toPage(draws, query.limit, ({ date }) => [date], await present(ctx, draws))
}

/** The draws of all lotteries that an admin should look at, the oldest first. */
export async function listAttention(ctx: Ctx, query: PageQuery): Promise<PageOf<LotteryResult>> {
  await requireAdmin(ctx)
  const last = readCursor(query.cursor, z.tuple([z.number(), z.string(), z.string()]))
  const { drawAt, lotteryId, date } = lotteryDraws
  const draws = await ctx.db
    .select()
    .from(lotteryDraws)
    .where(
      and(
        isNotNull(lotteryDraws.attention),
        last && sql`(${drawAt}, ${lotteryId}, ${date}) > (${last[0]}, ${last[1]}, ${last[2]})`,
      ),
    )
    .orderBy(asc(drawAt), asc(lotteryId), asc(date))
    .limit(query.limit + 1)
  return toPage(
    draws,
    query.limit,
    (draw) => [draw.drawAt, draw.lotteryId, draw.date],
    await present(ctx, draws),
  )
}

/** Reads what belongs to `draws`, and returns how to show each of them. */
async function present(
  ctx: Ctx,
  draws: readonly LotteryDrawRow[],
): Promise<(draw: LotteryDrawRow) => LotteryResult> {
  const showsRecords = await isAdmin(ctx)
  const keys = JSON.stringify(draws.map(({ lotteryId, date }) => [lotteryId, date]))
  const ofDraws = (table: { lotteryId: SQLiteColumn; date: SQLiteColumn }): SQL =>
    sql`(${table.lotteryId}, ${table.date}) IN (SELECT value->>0, value->>1 FROM json_each(${keys}))`
  const [results, records] = await Promise.all([
    ctx.db.select().from(lotteryResults).where(ofDraws(lotteryResults)),
    showsRecords ? ctx.db.select().from(lotteryRecords).where(ofDraws(lotteryRecords)) : null,
  ])
  return (draw) => {
    const isOf = (row: LotteryResultRow | LotteryRecordRow) =>
      row.lotteryId === draw.lotteryId && row.date === draw.date
    return presentResult({
      draw,
      results: results.filter(isOf).sort((a, b) => a.revision - b.revision),
      records: records?.filter(isOf).sort((a, b) => (a.id < b.id ? -1 : 1)) ?? null,
    })
  }
}

async function isAdmin(ctx: Ctx): Promise<boolean> {
  if (ctx.actor === null) return false
  try {
    await requireAdmin(ctx)
    return true
  } catch (error) {
    if (error instanceof Problem) return false
    throw error
  }
}
