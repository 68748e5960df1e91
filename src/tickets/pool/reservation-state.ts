/** Computes the present state of a reservation from its row, the changes to it in order, and what moved out. Pure. */

import type { Reservation, ReservationState } from '../pool-contract.ts'
import { reservationId } from '../reservation-id.ts'
import { unpackNumbers } from './numbers.ts'
import type { ChangeRow, ReservationRow } from './tables.ts'

export interface FoldedReservation {
  reservation: Reservation
  /** The numbers that were issued, in log order from `reservation.logIndex` on; empty until sold. */
  issued: number[]
  /** The payment came too late for the numbers. This is final: the payment must be refunded. */
  lost: boolean
}

/** `moved`: the numbers that are valid in reservations to which they were transferred. `firstSeq`: see `Reservation`. */
export function foldReservation(
  pool: string,
  row: ReservationRow,
  changes: ChangeRow[],
  moved: number[],
  firstSeq = row.seq,
): FoldedReservation {
  let numbers = unpackNumbers(row.numbers)
  let state: ReservationState = row.held_until === null ? 'sold' : 'held'
  let issued = state === 'sold' ? numbers : []
  let issuedAt = state === 'sold' ? row.at : null
  let logIndex = row.log_index
  let lost = false
  for (const change of changes) {
    switch (change.kind) {
      case 'confirmed':
        if (change.numbers !== null) numbers = unpackNumbers(change.numbers)
        state = 'sold'
        issued = numbers
        issuedAt = change.at
        logIndex = change.log_index
        break
      case 'voided': {
        const voided = new Set(unpackNumbers(change.numbers!))
        const left = numbers.filter((number) => !voided.has(number))
        if (left.length === 0) state = moved.length === 0 ? 'voided' : 'transferred'
        else numbers = left
        break
      }
      case 'lost':
        lost = true
        break
      case 'released':
      case 'expired':
        state = 'released'
    }
  }
  const reservation: Reservation = {
    id: reservationId(pool, row.seq, row.at),
    holder: row.holder,
    state,
    numbers,
    moved,
    firstSeq,
    logIndex,
    at: row.at,
    issuedAt,
    heldUntil: row.held_until,
  }
  return { reservation, issued, lost }
}
