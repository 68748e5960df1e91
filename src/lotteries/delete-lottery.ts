/** Deletes a lottery that has no draw yet and that nothing uses. Any other one is archived. */
import { and, eq, type SQL, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { findLottery } from './find-lottery.ts'
import { lotteries, lotteryDraws } from './schema.ts'

/** Selects a row for each raffle, series or template that uses a lottery. They are above this folder: `app.ts` passes it in. */
export type UsersOfLottery = (lotteryId: string) => SQL

export async function deleteLottery(ctx: Ctx, usersOf: UsersOfLottery, id: string): Promise<void> {
  await requireAdmin(ctx)
  await findLottery(ctx, id)
  const ofLottery = { subject: { kind: 'lottery', id }, organisationId: null } as const
  const hasDraws = sql`EXISTS (SELECT 1 FROM ${lotteryDraws} WHERE ${lotteryDraws.lotteryId} = ${id})`
  // In one statement, so that no user can appear between check and deletion.
  const isUsed = sql`(${hasDraws} OR EXISTS (${usersOf(id)}))`
  await withRetry(() =>
    ctx.db.batch([
      ctx.db.delete(lotteries).where(and(eq(lotteries.id, id), sql`NOT ${isUsed}`)),
      insertAudit(ctx, { ...ofLottery, action: 'lottery.deleted' }),
      ctx.db
        .update(lotteries)
        .set({
          status: 'archived',
          nextDate: null,
          nextDrawAt: null,
          revision: sql`${lotteries.revision} + 1`,
          updatedAt: ctx.now,
        })
        .where(and(eq(lotteries.id, id), eq(lotteries.status, 'active'))),
      insertAudit(ctx, { ...ofLottery, action: 'lottery.archived' }),
    ]),
  )
}
