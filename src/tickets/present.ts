/** Reservations as the API returns them. */
import { ID_PREFIXES } from '../core/ids.ts'
import { toInstant, toInstantOrNull } from '../core/time.ts'
import type { Reservation as ReservationAnswer, ReservedTickets, Ticket } from './contract.ts'
import { labelOf } from './number-label.ts'
import type { Reservation, ReservationState } from './pool-contract.ts'

/** A cancelled raffle voids its tickets for the reader. Its pool still keeps the list as it was. */
export const asShown = <Row extends { state: ReservationState }>(row: Row, isCancelled: boolean): Row =>
  isCancelled && (row.state === 'sold' || row.state === 'transferred') ? { ...row, state: 'voided' } : row

type Presentable = Omit<Reservation, 'holder' | 'logIndex' | 'moved' | 'firstSeq'>

/** Whether an id is that of a ticket type. */
export const isTicketType = (itemId: string): boolean => itemId.startsWith(`${ID_PREFIXES.ticketType}_`)

export const presentReservation = (itemId: string, reservation: Presentable): ReservationAnswer => ({
  id: reservation.id,
  raffleId: isTicketType(itemId) ? null : itemId,
  ticketTypeId: isTicketType(itemId) ? itemId : null,
  state: reservation.state,
  quantity: reservation.numbers.length,
  createdAt: toInstant(reservation.at),
  issuedAt: toInstantOrNull(reservation.issuedAt),
  heldUntil: reservation.state === 'held' ? toInstantOrNull(reservation.heldUntil) : null,
})

/** `digits`: see `labelOf`. */
export const presentTickets = (numbers: readonly number[], digits: number | null): Ticket[] =>
  numbers.map((number) => ({ number, label: labelOf(number, digits) }))

export const presentReserved = (
  itemId: string,
  reservation: Presentable,
  digits: number | null,
): ReservedTickets => ({
  reservation: presentReservation(itemId, reservation),
  tickets: presentTickets(reservation.numbers, digits),
})
