/** Writes terms that the pool has accepted into the raffle's row; a newer version is never overwritten by an older. */
import { and, eq, lt, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { parseRules } from '../rdp1/rules.ts'
import { drawClock } from '../tickets/pool/clock.ts'
import type { RaffleTerms } from '../tickets/terms.ts'
import { withProducts } from './prize-stock.ts'
import { raffles } from './schema.ts'
import { columnsOf } from './terms.ts'

/**
 * The pool decides, D1 follows: a crash between the two leaves a pool that is ahead, and the sweep calls this with what
 * the pool projected. A draft whose terms a pool has accepted is published.
 */
export async function applyTerms(
  ctx: Ctx,
  raffleId: string,
  version: number,
  terms: RaffleTerms,
): Promise<void> {
  const columns = columnsOf(terms)
  const prizes = await withProducts(ctx, raffleId, columns.prizes)
  const { freezeAt } = drawClock(parseRules(terms.rules), terms.paymentSpanSeconds, null)
  await withRetry(() =>
    ctx.db
      .update(raffles)
      .set({
        ...columns,
        prizes,
        dueAt: freezeAt,
        termsVersion: version,
        revision: sql`${raffles.revision} + 1`,
        status: sql`CASE WHEN ${raffles.status} = 'draft' THEN 'scheduled' ELSE ${raffles.status} END`,
        updatedAt: ctx.now,
      })
      .where(and(eq(raffles.id, raffleId), lt(raffles.termsVersion, version))),
  )
}
