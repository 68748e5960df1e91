/** Cancels a published raffle. Operators may before the commitment, admins until shortly before the beacon. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import { requireLiveUser } from '../accounts/permissions.ts'
import { type AuditEntry, insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import { Problem } from '../core/errors.ts'
import { refundRuns } from '../money/schema.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import type { Cancellation, CancelledBy } from '../tickets/pool-contract.ts'
import type { Raffle } from './contract.ts'
import { findRaffleFor } from './find-raffle.ts'
import { hasOfficialResult } from './official-draw.ts'
import { returnSeatsSoon } from './prize-seats.ts'
import { putPrizesBack } from './prize-stock.ts'
import { readRaffle } from './read-raffle.ts'
import { followUp, scheduleSweep } from './schedule-sweep.ts'
import { organisationOf, raffles } from './schema.ts'

export async function cancelRaffle(ctx: Ctx, id: string, reason: string): Promise<Raffle> {
  const { raffle, pool } = await findRaffleFor(ctx, id, 'raffles:cancel')
  if (raffle.status === 'draft') throw new Problem('invalid_state', 'A draft is deleted, not cancelled.')
  if (raffle.status === 'drawn' || raffle.status === 'settled') {
    throw new Problem('invalid_state', 'This raffle is already drawn.')
  }
  // Before the commitment nothing is decided, whatever is known.
  if (pool?.commitment != null && (await hasOfficialResult(ctx, raffle))) {
    throw new Problem('invalid_state', 'The official result that decides this raffle is confirmed.')
  }
  const by: CancelledBy = (await requireLiveUser(ctx)).isAdmin ? 'admin' : 'operator'
  const change = followUp()
  await scheduleSweep(ctx, raffle.id, change)
  // Race: this cancellation against the freeze. Safe: the pool decides one after the other, so only one of them wins.
  const { cancellation } = orThrow(
    await askPool(ctx, raffle.pool, (pool) => pool.cancel(by, reason, change.until)),
  )
  await markCancelled(ctx, raffle.id, cancellation)
  return readRaffle(ctx, id)
}

/**
 * Follows a cancelled pool, which a person cancelled, which missed its minimum, or which was late for an official draw. Starts the refunds of paid orders;
 * prizes that are products or admissions are for sale again.
 */
export async function markCancelled(
  ctx: Ctx,
  raffleId: string,
  { by, reason }: Pick<Cancellation, 'by' | 'reason'>,
): Promise<void> {
  const cancel = ctx.db
    .update(raffles)
    .set({ status: 'cancelled', revision: sql`${raffles.revision} + 1`, dueAt: null, updatedAt: ctx.now })
    .where(and(eq(raffles.id, raffleId), inArray(raffles.status, ['draft', 'scheduled'])))
  const refundAll = ctx.db
    .insert(refundRuns)
    .select(sql`
      SELECT ${raffles.id}, ${reason}, '', 0, ${ctx.now}, NULL FROM ${raffles}
      WHERE ${raffles.id} = ${raffleId} AND ${raffles.status} = 'cancelled' AND ${raffles.priceAmount} > 0`)
    .onConflictDoNothing()
  const putBack = await putPrizesBack(ctx, raffleId)
  const whose: Omit<AuditEntry, 'action'> = {
    subject: { kind: 'raffle', id: raffleId },
    organisationId: organisationOf(raffleId),
    ...((by === 'belowMinimum' || by === 'late') && { actor: 'system' }),
  }
  await withRetry(() =>
    ctx.db.batch([
      cancel,
      insertAudit(ctx, { ...whose, action: 'raffle.cancelled' }),
      refundAll,
      insertAudit(ctx, { ...whose, action: 'raffle.refund_run_started' }),
      ...putBack,
      returnSeatsSoon(ctx, raffleId, 'cancelled'),
    ]),
  )
}
