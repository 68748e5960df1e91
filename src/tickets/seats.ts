/**
 * Seats of a capacity group: what several ticket types share, such as the places of a venue. A group is a pool of its own.
 * A reservation of a type in a group has a reservation in the group's pool too. Its holder and its key are the id of the
 * type's reservation, so that it is found again without a row of the database.
 *
 * Both are held, confirmed, released and voided, each step idempotent. The seats are confirmed before the tickets, so that
 * nobody is admitted without a seat. Tickets are voided before their seats. If the process dies in between, the caller
 * repeats the step, or the holds expire.
 */
import type { Ctx } from '../core/context.ts'
import { askPool, orThrow } from './client.ts'
import type { Refusal, Reservation, ReserveOutcome, ReserveRequest, Seats } from './pool-contract.ts'
import { poolNameOf, reservationAddress } from './reservation-id.ts'

/** Who holds seats, for the limits of unpaid ones. Every other limit of a person is the ticket type's. */
export interface Buyer {
  userId: string
  isProved: boolean
  /** The key of the order. */
  order: string
  /** Null: the order costs nothing, so it is never unpaid. */
  provider: string | null
}

/**
 * Reserves tickets by `reserve`. If they are in a capacity group, only once the group has said that the holder may have the
 * seats. A repeat needs no such answer.
 */
export async function reserveSeated<Made extends ReserveOutcome>(
  ctx: Ctx,
  request: ReserveRequest,
  reserve: (request: ReserveRequest) => Promise<Made>,
): Promise<Made | Refusal> {
  const outcome = await reserve(request)
  if (outcome.ok || outcome.needsSeats === undefined) return outcome
  const { holder: person, itemId, quantity } = request
  const wanted = { person, typePool: poolNameOf(itemId), quantity }
  const answer = await askPool(ctx, poolNameOf(outcome.needsSeats), (pool) => pool.maySeat(wanted))
  return answer.ok ? reserve({ ...request, seats: { areOffered: answer.areOffered } }) : answer
}

/** Holds as many seats as the reservation has tickets, and as long. Returns the refusal; null: they are held. */
export async function holdSeats(
  ctx: Ctx,
  groupId: string,
  { id, numbers, at, heldUntil }: Omit<Reservation, 'holder' | 'logIndex'>,
  { userId, isProved, order, provider }: Buyer,
): Promise<Refusal | null> {
  const outcome = await askPool(ctx, poolNameOf(groupId), (pool) =>
    pool.reserve({
      itemId: groupId,
      holder: id,
      entrant: { isProved, staffOf: [], isHuman: true },
      key: id,
      request: '',
      quantity: numbers.length,
      numbers: null,
      payment: { holdMs: heldUntil! - at, provider },
      buyer: { person: userId, order },
    }),
  )
  return outcome.ok ? null : outcome
}

/** Takes seats for tickets that are set aside. Returns the refusal; null: they are taken. */
export async function setSeatsAside(
  ctx: Ctx,
  groupId: string,
  { id, numbers }: Reservation,
): Promise<Refusal | null> {
  const outcome = await askPool(ctx, poolNameOf(groupId), (pool) =>
    pool.reserve({
      itemId: groupId,
      holder: id,
      entrant: { isProved: true, staffOf: [], isHuman: true },
      key: id,
      request: '',
      quantity: numbers.length,
      numbers: null,
      payment: null,
      entry: 'setAside',
    }),
  )
  return outcome.ok ? null : outcome
}

/** Confirms the seats of a reservation. Returns its seats if they are lost: others have them, or the group is cancelled. */
export async function confirmSeats(ctx: Ctx, groupId: string, id: string): Promise<Reservation | null> {
  const { reservation } = await find(ctx, groupId, id)
  const { pool, seq } = reservationAddress(reservation.id)
  const outcome = await askPool(ctx, pool, (stub) => stub.confirm(seq, reservation.id))
  return orThrow(outcome).lost ? reservation : null
}

/** Does nothing if the seats are sold or released already. `isUnpaid`: it counts against their buyer. */
export async function releaseSeats(
  ctx: Ctx,
  { groupId, reservationId: id }: Seats,
  isUnpaid: boolean,
): Promise<void> {
  const found = await findIfHeld(ctx, groupId, id)
  if (found === null) return
  const { pool, seq } = reservationAddress(found.reservation.id)
  await askPool(ctx, pool, (stub) => stub.release(seq, found.reservation.id, isUnpaid))
}

/**
 * Frees the seats at these places. Does nothing if they are free already, or if the group is cancelled. Tickets that could not
 * be set aside never had any.
 */
export async function voidSeats(ctx: Ctx, { groupId, reservationId: id, places }: Seats): Promise<void> {
  const found = await findIfHeld(ctx, groupId, id)
  if (found === null) return
  const { reservation, issued } = found
  const numbers = places.map((place) => issued[place]!)
  const { pool, seq } = reservationAddress(reservation.id)
  const outcome = await askPool(ctx, pool, (stub) => stub.void(seq, reservation.id, numbers))
  if (!outcome.ok && outcome.code !== 'invalid_state') orThrow(outcome)
}

/** Frees all seats of a reservation whose tickets are lost. */
export async function voidAllSeats(ctx: Ctx, groupId: string, id: string): Promise<void> {
  const { issued } = await find(ctx, groupId, id)
  await voidSeats(ctx, { groupId, reservationId: id, places: issued.map((_, place) => place) })
}

const findIfHeld = (ctx: Ctx, groupId: string, id: string) =>
  askPool(ctx, poolNameOf(groupId), (pool) => pool.reservationByKey(id, id))

async function find(ctx: Ctx, groupId: string, id: string) {
  const found = await findIfHeld(ctx, groupId, id)
  // Both are held before an order is written.
  if (found === null) throw new Error(`reservation ${id} has no seats in ${groupId}`)
  return found
}
