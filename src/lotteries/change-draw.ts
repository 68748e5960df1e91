/**
 * Changes a draw by a pure decision (`decide-result.ts`), in one transaction. Race: two admins may decide at once, or a page
 * is fetched meanwhile. Every statement needs the version that the decision was made for, and the last one moves it. So the
 * loser changes nothing, reads again, and decides again.
 */
import { and, asc, eq, getTableColumns, type SQL, sql } from 'drizzle-orm'
import type { BatchItem } from 'drizzle-orm/batch'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import { users } from '../accounts/schema.ts'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { DAY_MS } from '../core/time.ts'
import type { Decision, Known, NewResult } from './decide-result.ts'
import { firstComparison } from './fetch-schedule.ts'
import { officialTime } from './official-time.ts'
import { DATE_BLANK } from './results-page.ts'
import {
  type LotteryDrawRow,
  type LotteryRow,
  lotteryDraws,
  lotteryRecords,
  lotteryResults,
} from './schema.ts'

const NOT_SKIPPED = { skipReason: null, skippedBy: null, skipConfirmedBy: null }

/** Few people decide about one draw. */
const MAX_TRIES = 5

/** A repeat after a lost answer finds its decision made: then `decide` must return null. */
export async function changeDraw(
  ctx: Ctx,
  lottery: LotteryRow,
  date: string,
  decide: (known: Known) => Decision | null,
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const { draw, known } = await readDraw(ctx, lottery, date)
    const decision = decide(known)
    if (decision === null) return
    if (await withRetry(() => write(ctx, lottery, draw, decision))) return
  }
  throw new Problem('conflict', 'Others are deciding about this draw. Read it again.')
}

/** The row of a draw that the sweep has not made, or never will: a day outside the cadence, or before the lottery was created. */
export function newDraw(ctx: Ctx, lottery: LotteryRow, date: string): LotteryDrawRow {
  const drawAt = officialTime(lottery, date)
  // A page without dates shows the last draw only.
  const isOnPage = lottery.resultsUrl?.includes(DATE_BLANK) || drawAt > ctx.now - DAY_MS
  return {
    lotteryId: lottery.id,
    date,
    drawAt,
    version: 1,
    results: 0,
    confirmedAt: null,
    attention: null,
    dueAt: lottery.resultsUrl !== null && isOnPage ? Math.max(ctx.now, drawAt) : null,
    fetches: 0,
    fetchProblem: null,
    ...NOT_SKIPPED,
    updatedAt: ctx.now,
  }
}

/** Inserts the row of a draw unless it is there. */
export const insertDraw = (ctx: Ctx, draw: LotteryDrawRow) =>
  ctx.db.insert(lotteryDraws).values(draw).onConflictDoNothing()

export const isDraw = (lotteryId: string, date: string) =>
  and(eq(lotteryDraws.lotteryId, lotteryId), eq(lotteryDraws.date, date))

/** Guard: an administrator of this platform, as of now. */
export const isAdmin = (userId: SQL): SQL =>
  sql`EXISTS (SELECT 1 FROM ${users} WHERE ${users.id} = ${userId} AND ${users.role} = 'admin' AND ${users.status} = 'active')`

async function readDraw(
  ctx: Ctx,
  lottery: LotteryRow,
  date: string,
): Promise<{ draw: LotteryDrawRow; known: Known }> {
  const { id: lotteryId } = lottery
  const [[draw], records, results, gone] = await ctx.db.batch([
    ctx.db.select().from(lotteryDraws).where(isDraw(lotteryId, date)),
    ctx.db
      .select()
      .from(lotteryRecords)
      .where(and(eq(lotteryRecords.lotteryId, lotteryId), eq(lotteryRecords.date, date)))
      .orderBy(asc(lotteryRecords.id)),
    ctx.db
      .select()
      .from(lotteryResults)
      .where(and(eq(lotteryResults.lotteryId, lotteryId), eq(lotteryResults.date, date)))
      .orderBy(asc(lotteryResults.revision)),
    ctx.db
      .selectDistinct({ author: lotteryRecords.author })
      .from(lotteryRecords)
      .where(
        and(
          eq(lotteryRecords.lotteryId, lotteryId),
          eq(lotteryRecords.date, date),
          eq(lotteryRecords.status, 'pending'),
          sql`NOT ${isAdmin(sql`${lotteryRecords.author}`)}`,
        ),
      ),
  ])
  const latest = results.at(-1)
  return {
    draw: draw ?? newDraw(ctx, lottery, date),
    known: {
      current: latest?.numbers ?? null,
      confirmedAt: latest?.confirmedAt ?? null,
      gone: new Set(gone.map(({ author }) => author)),
      records,
    },
  }
}

/** Whether the decision was written; false if the draw has changed since it was read. */
async function write(
  ctx: Ctx,
  lottery: LotteryRow,
  draw: LotteryDrawRow,
  { insert, end, result, attention }: Decision,
): Promise<boolean> {
  const { lotteryId, date } = draw
  const isCurrent = and(
    isDraw(lotteryId, date),
    eq(lotteryDraws.version, draw.version),
    // One of the two may cease to be an admin since the draw was read.
    ...(result === null ? [] : [isAdmin(sql`${result.record.author}`), isAdmin(sql`${result.confirmedBy}`)]),
  )
  const guard = sql`EXISTS (SELECT 1 FROM ${lotteryDraws} WHERE ${isCurrent})`
  const statements: BatchItem<'sqlite'>[] = [insertDraw(ctx, draw)]
  const actions: AuditEntry['action'][] = []
  if (end !== null) {
    statements.push(
      ctx.db
        .update(lotteryRecords)
        .set({ status: end.status, decidedBy: end.by, decidedAt: ctx.now })
        .where(and(eq(lotteryRecords.id, end.id), eq(lotteryRecords.status, 'pending'), guard)),
    )
    actions.push(`lottery_result.${end.status}`)
  }
  if (insert !== null) {
    const record = { ...insert, lotteryId, date, status: 'pending', recordedAt: ctx.now }
    statements.push(insertIf(ctx, lotteryRecords, { ...record, decidedBy: null, decidedAt: null }, guard))
    actions.push('lottery_result.recorded')
  }
  if (result !== null) {
    statements.push(...resultRows(ctx, draw, result, guard))
    actions.push('lottery_result.confirmed')
  }
  const at = statements.length
  statements.push(
    ctx.db
      .update(lotteryDraws)
      .set({
        version: draw.version + 1,
        attention,
        updatedAt: ctx.now,
        ...(insert === null ? {} : NOT_SKIPPED),
        ...(result === null ? {} : afterResult(ctx, lottery, draw)),
      })
      .where(isCurrent)
      .returning({ version: lotteryDraws.version }),
    // Each follows the one before: if that wrote nothing, neither does this one.
    ...actions.map((action) =>
      insertAudit(ctx, {
        action,
        subject: { kind: 'lottery', id: lotteryId },
        organisationId: null,
        fields: [`draws.${date}`],
      }),
    ),
  )
  const answers = await ctx.db.batch(statements as [BatchItem<'sqlite'>])
  return ((answers as unknown[])[at] as unknown[]).length > 0
}

const afterResult = (ctx: Ctx, { resultsUrl }: LotteryRow, { results }: LotteryDrawRow) => ({
  results: results + 1,
  confirmedAt: ctx.now,
  dueAt: resultsUrl === null ? null : firstComparison(ctx.now),
  fetches: 0,
  fetchProblem: null,
  ...NOT_SKIPPED,
})

/** Ends every pending record, also one that was inserted just before, and adds the result. */
function resultRows(
  ctx: Ctx,
  { lotteryId, date, results }: LotteryDrawRow,
  { record, reason, confirmedBy }: NewResult,
  guard: SQL,
): BatchItem<'sqlite'>[] {
  const numbers = JSON.stringify(record.numbers)
  return [
    ctx.db
      .update(lotteryRecords)
      .set({
        status: sql`iif(${lotteryRecords.numbers} = ${numbers}, 'confirmed', 'rejected')`,
        // A record of the person who confirms is confirmed by the author of the other one.
        decidedBy: sql`iif(${lotteryRecords.author} = ${confirmedBy} AND ${lotteryRecords.numbers} = ${numbers},
          ${record.author}, ${confirmedBy})`,
        decidedAt: ctx.now,
      })
      .where(
        and(
          eq(lotteryRecords.lotteryId, lotteryId),
          eq(lotteryRecords.date, date),
          eq(lotteryRecords.status, 'pending'),
          guard,
        ),
      ),
    insertIf(
      ctx,
      lotteryResults,
      {
        lotteryId,
        date,
        revision: results,
        recordId: record.id,
        numbers: record.numbers,
        source: record.source,
        reason,
        confirmedAt: ctx.now,
      },
      guard,
    ),
  ]
}

function insertIf<Table extends SQLiteTable>(
  ctx: Ctx,
  table: Table,
  row: { [Name in keyof Table['_']['columns']]: unknown },
  guard: SQL,
) {
  const values = Object.entries(getTableColumns(table)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof typeof row], column)}`,
  )
  return ctx.db.insert(table).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${guard}`)
}
