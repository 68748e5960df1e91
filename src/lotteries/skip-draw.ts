/**
 * Two admins say that a draw was not held, or will not be. Until the second one agrees, its result is awaited as before. A
 * record of a result brings the draw back.
 */
import { and, eq, isNotNull, isNull, ne, not, or, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { insertDraw, isAdmin, isDraw, newDraw } from './change-draw.ts'
import type { LotteryResult } from './contract.ts'
import { findDraw, findLottery } from './find-lottery.ts'
import { officialDraw } from './official-time.ts'
import { readResult } from './read-results.ts'
import { refuseHolder, type TicketsOnDraw } from './refuse-holders.ts'
import { lotteryDraws, lotteryRecords } from './schema.ts'

export async function skipDraw(
  ctx: Ctx,
  ticketsOn: TicketsOnDraw,
  { id, date }: { id: string; date: string },
  reason: string,
): Promise<LotteryResult> {
  const { userId } = await requireAdmin(ctx)
  const lottery = await findLottery(ctx, id)
  const known = await findDraw(ctx, id, date)
  if (known === undefined && officialDraw(lottery, date) === null) throw notFound('draw')
  await refuseHolder(ctx, ticketsOn, userId, { lotteryId: id, date })
  const isPending = sql`EXISTS (SELECT 1 FROM ${lotteryRecords} WHERE ${lotteryRecords.lotteryId} = ${id}
    AND ${lotteryRecords.date} = ${date} AND ${lotteryRecords.status} = 'pending')`
  const isOpen = and(isDraw(id, date), eq(lotteryDraws.results, 0), sql`NOT ${isPending}`)
  const { skipReason, skippedBy, skipConfirmedBy } = lotteryDraws
  const firstIsGone = not(isAdmin(sql`${skippedBy}`))
  const changed = { version: sql`${lotteryDraws.version} + 1`, updatedAt: ctx.now }
  const audited = {
    subject: { kind: 'lottery', id },
    organisationId: null,
    fields: [`draws.${date}`],
  } as const
  await withRetry(() =>
    ctx.db.batch([
      insertDraw(ctx, newDraw(ctx, lottery, date)),
      ctx.db
        .update(lotteryDraws)
        .set({ skipReason: reason, skippedBy: userId, attention: 'unconfirmed_skip', ...changed })
        .where(and(isOpen, isNull(skipConfirmedBy), or(isNull(skipReason), firstIsGone))),
      insertAudit(ctx, { action: 'lottery_draw.skipped', ...audited }),
      // It follows the first statement, so nobody agrees with themselves.
      ctx.db
        .update(lotteryDraws)
        .set({ skipConfirmedBy: userId, attention: null, dueAt: null, ...changed })
        .where(and(isOpen, isNull(skipConfirmedBy), isNotNull(skipReason), ne(skippedBy, userId))),
      insertAudit(ctx, { action: 'lottery_draw.skip_confirmed', ...audited }),
    ]),
  )
  const result = await readResult(ctx, id, date)
  if (result.skipReason === null) {
    throw new Problem('invalid_state', 'This draw has a result, or a record that waits for a decision.')
  }
  return result
}
