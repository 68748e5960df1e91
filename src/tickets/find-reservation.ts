/** Finds one of the caller's own reservations: in D1, or in its pool if D1 does not have it yet or is down. */
import { and, eq } from 'drizzle-orm'
import { requireUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { askPool } from './client.ts'
import type { Cancellation, Reservation } from './pool-contract.ts'
import { asShown } from './present.ts'
import { reservationAddress } from './reservation-id.ts'
import { pools, reservations } from './schema.ts'
import { saleTermsOf, type Terms } from './terms.ts'

export interface FoundReservation {
  itemId: string
  /** Its tickets count as voided once the raffle is cancelled. */
  reservation: Omit<Reservation, 'logIndex' | 'moved' | 'firstSeq'>
  /** Whether the raffle is cancelled. */
  isCancelled: boolean
  /** How many digits its numbers are shown with: see `labelOf`. */
  digits: number | null
}

/** Throws `not_found` for another person's reservation too. */
export async function findReservation(ctx: Ctx, id: string): Promise<FoundReservation> {
  const { userId } = requireUser(ctx)
  const known = (await fromDatabase(ctx, userId, id)) ?? (await fromPool(ctx, id))
  if (known === null || known.reservation.holder !== userId) throw notFound('reservation')
  return known
}

async function fromDatabase(ctx: Ctx, holder: string, id: string): Promise<FoundReservation | null> {
  try {
    const row = await ctx.db
      .select({
        itemId: pools.itemId,
        reservation: reservations,
        cancellation: pools.cancellation,
        terms: pools.terms,
      })
      .from(reservations)
      .innerJoin(pools, eq(pools.pool, reservations.pool))
      .where(and(eq(reservations.holder, holder), eq(reservations.id, id)))
      .get()
    return row === undefined ? null : asFound(row)
  } catch (error) {
    // The pool has its reservations without D1, so a buyer can read them while D1 is down.
    ctx.log.warn('reservation not read from the database', { error: (error as Error).name })
    return null
  }
}

async function fromPool(ctx: Ctx, id: string): Promise<FoundReservation | null> {
  const { pool, seq } = reservationAddress(id)
  const [known, state] = await askPool(ctx, pool, (stub) =>
    Promise.all([stub.reservation(seq, id), stub.state()]),
  )
  if (known === null || state === null) return null
  return asFound({ ...known, cancellation: state.cancellation, terms: state.terms })
}

interface Known extends Pick<FoundReservation, 'itemId' | 'reservation'> {
  cancellation: Cancellation | null
  terms: Terms
}

function asFound({ itemId, reservation, cancellation, terms }: Known): FoundReservation {
  const isCancelled = cancellation !== null
  const { digits } = saleTermsOf(terms)
  return { itemId, reservation: asShown(reservation, isCancelled), isCancelled, digits }
}
