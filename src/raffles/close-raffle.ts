/** Closes sales now, if the rules allow an operator to; the draw moves to the earliest fair time. */
import { and, eq, isNull } from 'drizzle-orm'
import { type AuditEntry, insertAudit, isFirst } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { MINUTE_MS } from '../core/time.ts'
import { askPool, orThrow } from '../tickets/client.ts'
import type { Raffle } from './contract.ts'
import { findRaffleFor } from './find-raffle.ts'
import { readRaffle } from './read-raffle.ts'
import { followUp, scheduleSweep } from './schedule-sweep.ts'
import { type RaffleRow, raffles } from './schema.ts'

/** For this long after the closing, a repeat may still store the reason that a crashed call did not store. */
const REPEAT_MS = MINUTE_MS

export async function closeRaffle(ctx: Ctx, id: string, reason: string | undefined): Promise<Raffle> {
  const { raffle } = await findRaffleFor(ctx, id, 'raffles:write')
  if (raffle.status === 'draft') throw new Problem('invalid_state', 'A draft has no sales to close.')
  if (raffle.status !== 'scheduled')
    throw new Problem('invalid_state', `This raffle is ${raffle.status} already.`)
  const change = followUp()
  await scheduleSweep(ctx, raffle.id, change)
  const { closedAt } = orThrow(await askPool(ctx, raffle.pool, (pool) => pool.close(change.until)))
  const mayStore = reason !== undefined && ctx.now < closedAt + REPEAT_MS
  await ctx.db.batch([recordClosing(ctx, raffle), ...(mayStore ? [storeReason(ctx, raffle.id, reason)] : [])])
  return readRaffle(ctx, id)
}

/**
 * Once, however often the request is repeated. If the process dies after the pool's answer, only a repeat before the draw
 * writes the row; the pool's own record still says when the raffle was closed.
 */
function recordClosing(ctx: Ctx, { id, organisationId }: RaffleRow) {
  const entry: AuditEntry = { action: 'raffle.closed', subject: { kind: 'raffle', id }, organisationId }
  return insertAudit(ctx, entry, isFirst(entry))
}

/** The first reason is the one that is shown; a repeat does not overwrite it. */
const storeReason = (ctx: Ctx, id: string, closeNote: string) =>
  ctx.db
    .update(raffles)
    .set({ closeNote, updatedAt: ctx.now })
    .where(and(eq(raffles.id, id), isNull(raffles.closeNote)))
