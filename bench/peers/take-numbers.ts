/** How a peer gives out numbers: by a counter in the raffle's row, which is locked from there to the commit. */
import { randomUUID } from 'node:crypto'
import { Refused, type Row, type Statement, type Store } from './store.ts'

/** Shares no factor with a million, so that its multiples reach every number of such a raffle once, in a scattered order. */
const STRIDE = 618_033

export interface Wanted {
  raffleId: string
  quantity: number
}

export interface Buyer {
  userId: string
  /** The request's Idempotency-Key. */
  key: string
}

/**
 * The statements that give out the next numbers of an open raffle. The first one locks the raffle's row until the commit,
 * and returns no row if the raffle cannot give them.
 */
export function take(store: Store, wanted: Wanted, buyer: Buyer, reservation: NewReservation): Statement[] {
  const { raffleId, quantity } = wanted
  const { id, state, now, heldUntil } = reservation
  const isFree = heldUntil === null
  const sold = isFree ? quantity : 0
  const counted: Statement = [
    `UPDATE raffles SET taken = taken + ?, sold = sold + ?
     WHERE id = ? AND taken + ? <= total AND opens_at <= ? AND closes_at > ? AND price ${isFree ? '=' : '>'} 0
     RETURNING taken, total`,
    quantity,
    sold,
    raffleId,
    quantity,
    now,
    now,
  ]
  const values = [id, raffleId, buyer.userId, buyer.key, requestOf(wanted), state, quantity, quantity, now]
  const times = [heldUntil, isFree ? now : null]
  const insertFrom = (source: string) =>
    `INSERT INTO reservations (id, raffle_id, user_id, key, request, state, first_index, quantity, created_at,
       held_until, issued_at)
     SELECT ?, ?, ?, ?, ?, ?, taken - CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT), CAST(? AS BIGINT),
       CAST(? AS BIGINT) FROM ${source}`
  if (store.dialect === 'postgres') {
    const [update, ...changes] = counted
    return [
      [
        `WITH counted AS (${update}), inserted AS (${insertFrom('counted')}) SELECT taken, total FROM counted`,
        ...changes,
        ...values,
        ...times,
      ],
    ]
  }
  return [counted, [`${insertFrom('raffles')} WHERE id = ?`, ...values, ...times, raffleId]]
}

export interface NewReservation {
  id: string
  state: 'held' | 'sold'
  now: number
  heldUntil: number | null
}

export const requestOf = ({ raffleId, quantity }: Wanted): string => `${raffleId}:${quantity}`

export const firstOf = (counted: Row | undefined, { quantity }: Wanted): number => {
  if (counted === undefined) throw new Refused(409, 'The raffle is not open, or has too few tickets left.')
  return (counted.taken as number) - quantity
}

export const totalOf = (counted: Row | undefined): number => counted!.total as number

export function showPurchase(wanted: Wanted, reservation: NewReservation, first: number, total: number) {
  const { id, state, now, heldUntil } = reservation
  const { raffleId, quantity } = wanted
  const createdAt = new Date(now).toISOString()
  const until = heldUntil === null ? null : new Date(heldUntil).toISOString()
  const issuedAt = state === 'sold' ? createdAt : null
  const numbers = Array.from({ length: quantity }, (_, i) => (((first + i) * STRIDE) % total) + 1)
  return {
    reservation: { id, raffleId, state, quantity, createdAt, issuedAt, heldUntil: until },
    tickets: numbers.map((number) => ({ number })),
    order: null,
  }
}

export const newId = (prefix: string): string => `${prefix}_${randomUUID()}`
