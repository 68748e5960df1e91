/** Tells the database again all that a raffle's pool knows, as after the database was restored to an earlier time. */
import { requireAdmin } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { askPool } from '../tickets/client.ts'
import type { Raffle } from './contract.ts'
import { findRaffle } from './find-raffle.ts'
import { readRaffle } from './read-raffle.ts'
import { followUp, scheduleSweep } from './schedule-sweep.ts'

/** Bounded by the pool's size; asking twice, or dying in between, only says the same again. */
export async function rebuildRaffle(ctx: Ctx, id: string): Promise<Raffle> {
  await requireAdmin(ctx)
  const { raffle } = await findRaffle(ctx, id)
  // The raffle's own row may be from before its publication or its draw: the sweep takes it on from there.
  await scheduleSweep(ctx, raffle.id, followUp())
  await askPool(ctx, raffle.pool, (pool) => pool.rebuild())
  return readRaffle(ctx, id)
}
