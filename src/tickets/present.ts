/** Reservations as the API returns them. */
import { toInstant, toInstantOrNull } from '../core/time.ts'
import type { Reservation as ReservationAnswer, ReservedTickets } from './contract.ts'
import type { Reservation, ReservationState } from './pool-contract.ts'

/** A cancelled raffle voids its tickets for the reader. Its pool still keeps the list as it was. */
export const asShown = <Row extends { state: ReservationState }>(row: Row, isCancelled: boolean): Row =>
  isCancelled && row.state === 'sold' ? { ...row, state: 'voided' } : row

type Presentable = Omit<Reservation, 'holder' | 'logIndex'>

export const presentReservation = (raffleId: string, reservation: Presentable): ReservationAnswer => ({
  id: reservation.id,
  raffleId,
  state: reservation.state,
  quantity: reservation.numbers.length,
  createdAt: toInstant(reservation.at),
  issuedAt: toInstantOrNull(reservation.issuedAt),
  heldUntil: reservation.state === 'held' ? toInstantOrNull(reservation.heldUntil) : null,
})

export const presentTickets = (numbers: number[]): { number: number }[] =>
  numbers.map((number) => ({ number }))

export const presentReserved = (raffleId: string, reservation: Presentable): ReservedTickets => ({
  reservation: presentReservation(raffleId, reservation),
  tickets: presentTickets(reservation.numbers),
})
