/** The sweep over payouts that are to be sent or asked about: the oldest first, a few at a time, bounded in time. */
import { asc, lte } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { SECOND_MS } from '../core/time.ts'
import { type PayoutRow, payouts } from '../money/schema.ts'
import { noteUnsent, sendPayout } from './send-payout.ts'

const AT_A_TIME = 5
const PAYOUTS_A_SWEEP = 100
const MAX_PASS_MS = 10 * SECOND_MS

export async function sweepPayouts(ctx: Ctx): Promise<void> {
  const startedAt = Date.now()
  const queue = await ctx.db
    .select()
    .from(payouts)
    .where(lte(payouts.dueAt, ctx.now))
    .orderBy(asc(payouts.dueAt), asc(payouts.id))
    .limit(PAYOUTS_A_SWEEP)
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (Date.now() - startedAt > MAX_PASS_MS) return
      await trySending(ctx, next)
    }
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}

/** One that fails is logged and stays due: the next sweep asks again, and tells somebody once it is late. */
export async function trySending(ctx: Ctx, payout: PayoutRow): Promise<void> {
  try {
    await sendPayout(ctx, payout)
  } catch (error) {
    ctx.log.error('payout not sent', { payoutId: payout.id, error })
    await noteUnsent(ctx, payout).catch((error) =>
      ctx.log.error('payout not noted as unsent', { payoutId: payout.id, error }),
    )
  }
}
