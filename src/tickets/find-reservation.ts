/** One's own reservation: from D1, or from its pool while D1 has not heard of it. */
import { and, eq } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { askPool } from './client.ts'
import type { Reservation } from './pool-contract.ts'
import { reservationAddress } from './reservation-id.ts'
import { pools, reservations } from './schema.ts'

export interface FoundReservation {
  raffleId: string
  reservation: Omit<Reservation, 'logIndex'>
}

/** Somebody else's reservation is not there. */
export async function findReservation(ctx: Ctx, id: string): Promise<FoundReservation> {
  const { userId } = requireUser(ctx)
  const found = (await fromDatabase(ctx, userId, id)) ?? (await fromPool(ctx, id))
  if (found === null || found.reservation.holder !== userId) throw notFound('reservation')
  return found
}

async function fromDatabase(ctx: Ctx, holder: string, id: string): Promise<FoundReservation | null> {
  try {
    const row = await ctx.db
      .select({ raffleId: pools.raffleId, reservation: reservations })
      .from(reservations)
      .innerJoin(pools, eq(pools.pool, reservations.pool))
      .where(and(eq(reservations.holder, holder), eq(reservations.id, id)))
      .get()
    return row ?? null
  } catch (error) {
    // The pool knows its reservations without D1, so reading one's own does not depend on it.
    ctx.log.warn('reservation not read from the database', { error: (error as Error).name })
    return null
  }
}

async function fromPool(ctx: Ctx, id: string): Promise<FoundReservation | null> {
  const { pool, seq } = reservationAddress(id)
  return askPool(ctx, pool, (stub) => stub.reservation(seq, id))
}
