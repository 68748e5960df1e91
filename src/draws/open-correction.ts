/**
 * A correction is open from its confirmation until the sweep has accepted or refused it. Until then nobody knows whether its
 * raffle's winners keep their prizes, so nothing is paid or delivered.
 */
import { type AnyColumn, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { lotteryResults } from '../lotteries/schema.ts'

/** Guard: the raffle of this winner has an open correction. A settled raffle refuses every correction. */
export const hasOpenCorrection = (winnerId: string | AnyColumn): SQL => sql`EXISTS (
  SELECT 1 FROM winners AS won JOIN raffles AS theirs ON theirs.id = won.raffle_id
  WHERE won.id = ${winnerId} AND theirs.status = 'drawn' AND theirs.draw->>'method' = 'lottery'
    AND theirs.accepted_results + theirs.refused_results < (
      SELECT count(*) FROM ${lotteryResults}
      WHERE ${lotteryResults.lotteryId} = theirs.draw->>'lotteryId' AND ${lotteryResults.date} = theirs.draw->>'date'))`

/** Throws if that is why a guarded statement changed nothing. */
export async function requireNoOpenCorrection(ctx: Ctx, winnerId: string): Promise<void> {
  const { isOpen } = await ctx.db.get<{ isOpen: number }>(
    sql`SELECT ${hasOpenCorrection(winnerId)} AS isOpen`,
  )
  if (isOpen === 1) {
    throw new Problem(
      'invalid_state',
      'The lottery has corrected its result. Try again in some minutes, when it is known who won.',
    )
  }
}
