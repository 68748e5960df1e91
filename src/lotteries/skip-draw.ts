/** An admin says that a draw was not held, or will not be. Its result is not awaited; a record of it brings it back. */
import { and, eq, isNull, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { notFound, Problem } from '../core/errors.ts'
import { insertDraw, isDraw, newDraw } from './change-draw.ts'
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
  await withRetry(() =>
    ctx.db.batch([
      insertDraw(ctx, newDraw(ctx, lottery, date)),
      ctx.db
        .update(lotteryDraws)
        .set({
          skipReason: reason,
          attention: null,
          dueAt: null,
          version: sql`${lotteryDraws.version} + 1`,
          updatedAt: ctx.now,
        })
        .where(
          and(
            isDraw(id, date),
            eq(lotteryDraws.results, 0),
            isNull(lotteryDraws.skipReason),
            sql`NOT ${isPending}`,
          ),
        ),
      insertAudit(ctx, {
        action: 'lottery_draw.skipped',
        subject: { kind: 'lottery', id },
        organisationId: null,
        fields: [`draws.${date}`],
      }),
    ]),
  )
  const result = await readResult(ctx, id, date)
  if (result.status !== 'skipped') {
    throw new Problem('invalid_state', 'This draw has a result, or a record that waits for a decision.')
  }
  return result
}
