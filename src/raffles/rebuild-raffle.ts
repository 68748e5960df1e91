/** Projects a raffle's whole pool to the database again, after the database was restored to an earlier time. */
import { sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { askPool } from '../tickets/client.ts'
import type { Raffle } from './contract.ts'
import { findRaffle } from './find-raffle.ts'
import { readRaffle } from './read-raffle.ts'
import { followUp, scheduleSweep } from './schedule-sweep.ts'

/** Bounded by the pool's size. Idempotent: after a crash, a repeat projects the same rows again. */
export async function rebuildRaffle(ctx: Ctx, id: string): Promise<Raffle> {
  await requireAdmin(ctx)
  const { raffle } = await findRaffle(ctx, id)
  // The restored raffle row may be older than its publication or its draw: the sweep brings it up to date.
  await scheduleSweep(ctx, raffle.id, followUp())
  await askPool(ctx, raffle.pool, (pool) => pool.rebuild())
  const { organisationId } = raffle
  // A row each time. A crash before it loses only that, as nothing but D1's copy has changed.
  await insertAudit(
    ctx,
    { action: 'raffle.rebuilt', subject: { kind: 'raffle', id: raffle.id }, organisationId },
    sql`true`,
  )
  return readRaffle(ctx, id)
}
