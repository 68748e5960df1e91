/** Carries out a requested revocation: voids the tickets, or keeps the grant if the ticket list is already frozen. */
import { and, eq, isNotNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { voidTickets } from '../tickets/void-tickets.ts'
import { reserveEntries } from './entries.ts'
import { isGrant } from './find-grant.ts'
import { type GrantRow, grants } from './schema.ts'

export async function settleRevocation(ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<void> {
  const isRequested = and(isGrant(grant), isNotNull(grants.revokeAskedAt))
  const finishWith = (changes: Partial<GrantRow>, where = isRequested) =>
    withRetry(() =>
      ctx.db
        .update(grants)
        .set({
          ...changes,
          revokeAskedAt: null,
          revokeReason: null,
          email: null,
          dueAt: null,
          updatedAt: ctx.now,
        })
        .where(where),
    )
  const reason = grant.revokeReason ?? 'The order was refunded.'
  const revoked = { status: 'revoked', reason, once: null } as const
  if (grant.status === 'waiting' && grant.entries === 0) {
    // It is unclaimed, and no process claims it once its revocation is requested: the pool was never called.
    await finishWith(revoked, and(isRequested, eq(grants.entries, 0)))
    return
  }
  const reservationId = grant.reservationId ?? (await reservationOf(ctx, raffle, grant))
  if (reservationId === null || (await voidTickets(ctx, reservationId, null))) await finishWith(revoked)
  else await finishWith({ status: 'granted', reservationId })
}

/**
 * Race: another process may have reserved the tickets and crashed, or may be reserving them now. Safe: the pool returns
 * the same tickets for the same key, so voiding them leaves none behind.
 */
async function reservationOf(ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<string | null> {
  const outcome = await reserveEntries(ctx, raffle, grant)
  return outcome.ok ? outcome.reservation.id : null
}
