/** Ends sales now and draws at the earliest fair time, where the rules allow an operator to do so. */

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

/** A repeat within this time of the closing may give the reason that a call which died did not write down. */
const REPEAT_MS = MINUTE_MS

export async function closeRaffle(ctx: Ctx, id: string, reason: string | undefined): Promise<Raffle> {
  const { raffle } = await findRaffleFor(ctx, id, 'raffles:write')
  if (raffle.status === 'draft') throw new Problem('invalid_state', 'A draft has no sales to close.')
  if (raffle.status !== 'scheduled')
    throw new Problem('invalid_state', `This raffle is ${raffle.status} already.`)
  const change = followUp()
  await scheduleSweep(ctx, raffle.id, change)
  const { closedAt } = orThrow(await askPool(ctx, raffle.pool, (pool) => pool.close(change.until)))
  const mayNote = reason !== undefined && ctx.now < closedAt + REPEAT_MS
  await ctx.db.batch([recordClosing(ctx, raffle), ...(mayNote ? [noteReason(ctx, raffle.id, reason)] : [])])
  return readRaffle(ctx, id)
}

/**
 * Once, however often it is repeated. Where the request dies after the pool's answer, the row is missing unless somebody
 * repeats it before the draw: that the raffle was closed, and when, is in the pool's own record.
 */
function recordClosing(ctx: Ctx, { id, organisationId }: RaffleRow) {
  const entry: AuditEntry = { action: 'raffle.closed', subject: { kind: 'raffle', id }, organisationId }
  return insertAudit(ctx, entry, isFirst(entry))
}

/** The first reason given is the one that is shown; a repeat does not rewrite it. */
const noteReason = (ctx: Ctx, id: string, closeNote: string) =>
  ctx.db
    .update(raffles)
    .set({ closeNote, updatedAt: ctx.now })
    .where(and(eq(raffles.id, id), isNull(raffles.closeNote)))
