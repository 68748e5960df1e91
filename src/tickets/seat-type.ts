/**
 * How the pool of a capacity group knows ticket types and people. Its holders are reservations of tickets, and people who
 * wait: each with the pool of the ticket type. Pure.
 */

import { poolNameOf, reservationAddress } from './reservation-id.ts'
import type { TicketTypeTerms } from './terms.ts'
import type { SeatType } from './waiting-contract.ts'

/** Who waits for seats, or is offered some. One person may wait for several ticket types of a group. */
export const waitKey = (person: string, typePool: string): string => `${person}:${typePool}`

/** The person of a `waitKey`. A holder of another kind is returned as it is. */
export const personOf = (holder: string): string => holder.split(':', 1)[0]!

/** The pool of the ticket type that a holder has seats for; null: the holder has tickets, and no seats. */
export function typePoolOf(holder: string): string | null {
  if (holder.startsWith('res_')) return reservationAddress(holder).pool
  const at = holder.indexOf(':')
  return at < 0 ? null : holder.slice(at + 1)
}

/** A ticket type under these terms, for the pool of its group. */
export const seatTypeOf = (
  itemId: string,
  version: number,
  { title, total, opensAt, closesAt }: Pick<TicketTypeTerms, 'title' | 'total' | 'opensAt' | 'closesAt'>,
): SeatType => ({ pool: poolNameOf(itemId), itemId, version, title, total, opensAt, closesAt })
