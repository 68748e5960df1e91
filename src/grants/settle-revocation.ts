/** Takes back a grant that was asked back: its tickets are voided, unless the list is fixed; then it stays granted. */
import { and, eq, isNotNull } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { withRetry } from '../core/database.ts'
import type { RaffleRow } from '../raffles/schema.ts'
import { reserveEntries, voidEntries } from './entries.ts'
import { isGrant } from './find-grant.ts'
import { type GrantRow, grants } from './schema.ts'

export async function settleRevocation(ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<void> {
  const wasAsked = and(isGrant(grant), isNotNull(grants.revokeAskedAt))
  const end = (changes: Partial<GrantRow>, where = wasAsked) =>
    withRetry(() =>
      ctx.db
        .update(grants)
        .set({ ...changes, revokeAskedAt: null, email: null, dueAt: null, updatedAt: ctx.now })
        .where(where),
    )
  const revoked = { status: 'revoked', reason: 'The order was refunded.', once: null } as const
  if (grant.status === 'waiting' && grant.entries === 0) {
    // Nobody has claimed it, and nobody does once it is asked back: the pool has never heard of it.
    await end(revoked, and(wasAsked, eq(grants.entries, 0)))
    return
  }
  const reservationId = grant.reservationId ?? (await reservationOf(ctx, raffle, grant))
  if (reservationId === null || (await voidEntries(ctx, reservationId))) await end(revoked)
  else await end({ status: 'granted', reservationId })
}

/**
 * Somebody may have asked the pool for it and died, or be asking now: asked under the same key, the pool gives the
 * tickets that are to be voided, so that none can come of it later.
 */
async function reservationOf(ctx: Ctx, raffle: RaffleRow, grant: GrantRow): Promise<string | null> {
  const outcome = await reserveEntries(ctx, raffle, grant)
  return outcome.ok ? outcome.reservation.id : null
}
