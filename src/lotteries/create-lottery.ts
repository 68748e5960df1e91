/** Creates a lottery; the sweep waits for the results of its draws from now on. */
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import type { CreateLottery, Lottery } from './contract.ts'
import { findLottery } from './find-lottery.ts'
import { nextDraw } from './official-time.ts'
import { presentLottery } from './present.ts'
import { lotteries } from './schema.ts'

export async function createLottery(ctx: Ctx, input: CreateLottery): Promise<Lottery> {
  const { userId } = await requireAdmin(ctx)
  const id = newId('lottery')
  const next = nextDraw(input, ctx.now)
  await ctx.db.batch([
    ctx.db.insert(lotteries).values({
      ...input,
      id,
      resultsUrlBy: input.resultsUrl === null ? null : userId,
      nextDate: next.date,
      nextDrawAt: next.drawAt,
      createdAt: ctx.now,
      updatedAt: ctx.now,
    }),
    insertAudit(ctx, { action: 'lottery.created', subject: { kind: 'lottery', id }, organisationId: null }),
  ])
  return presentLottery(await findLottery(ctx, id))
}
