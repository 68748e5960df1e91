/** What can happen to a reservation after it was made: it is paid, released, voided, or moves to another holder. */
import { formerKey } from '../../core/idempotency.ts'
import { SECOND_MS } from '../../core/time.ts'
import {
  type ChangeOutcome,
  type ConfirmOutcome,
  type Seats,
  type TransferRequest,
  validNumbers,
} from '../pool-contract.ts'
import type { SaleTerms } from '../terms.ts'
import type { Inventory } from './inventory.ts'
import type { Raffle } from './raffle.ts'
import { NO_RESERVATION, refuse, whyLimitReached } from './refusals.ts'
import type { FoldedReservation } from './reservation-state.ts'
import type { PoolStore } from './store.ts'
import type { ReservationRow } from './tables.ts'
import { isTransferOf, whyTransferRefused } from './transfers.ts'

/** Longer than a caller needs to free the seats of tickets that it has voided. */
const FREE_SEATS_AFTER_MS = 30 * SECOND_MS

/** The facts of the pool that decide. */
interface PoolFacts {
  sale: SaleTerms
  raffle: Raffle | null
  isOver: boolean
  buying: {
    /** Whether what is free may go to a late payment. */
    mayRetake(holder: string, count: number, now: number): boolean
  }
  offers: {
    /** Makes the offer again that this released purchase took over. */
    makeAgain(purchase: ReservationRow, now: number): void
  }
  isClosed(now: number): boolean
}

export interface VoidOptions {
  /** As for `confirm`. */
  isSettling?: boolean
  /** Refuses numbers that were transferred. Else they are voided where they are now. */
  onlyOwn?: boolean
}

export class Changes {
  readonly #pool: PoolFacts
  readonly #store: PoolStore
  readonly #inventory: Inventory

  constructor(pool: PoolFacts, store: PoolStore, inventory: Inventory) {
    this.#pool = pool
    this.#store = store
    this.#inventory = inventory
  }

  confirm(seq: number, id: string, now: number, isSettling: boolean, hasSeats: boolean): ConfirmOutcome {
    const found = this.#inventory.reservations.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { row, folded } = found
    const { reservation } = folded
    const { groupId } = this.#pool.sale
    if (folded.lost) return { ok: true, reservation, lost: true, groupId }
    const isSold = reservation.state !== 'held' && reservation.state !== 'released'
    if (isSold || (groupId !== null && !hasSeats)) return { ok: true, reservation, lost: false, groupId }
    const hold = this.#inventory.holds.get(row.seq)
    const numbers = this.#isInTime(now, isSettling) ? (hold?.numbers ?? this.#retake(row, folded, now)) : null
    if (numbers === null) this.#inventory.lose(row, now)
    else this.#inventory.confirm(row, numbers, now)
    return { ok: true, reservation: this.#read(row), lost: numbers === null, groupId }
  }

  #retake(row: ReservationRow, { reservation }: FoldedReservation, now: number): number[] | null {
    const { sale, raffle, buying } = this.#pool
    // A raffle counts late payments until its freeze. An admission to an event that is over would be worth nothing.
    if (raffle === null && this.#pool.isClosed(now)) return null
    if (!buying.mayRetake(row.holder, reservation.numbers.length, now)) return null
    const { owned } = this.#inventory.holder(row.holder)
    if (whyLimitReached(sale, owned, reservation.numbers.length) !== null) return null
    return this.#inventory.retake(row, sale.numbering !== 'chosen')
  }

  release(seq: number, id: string, isUnpaid: boolean, now: number): ChangeOutcome {
    const found = this.#inventory.reservations.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { state } = found.folded.reservation
    if (state !== 'held' && state !== 'released') {
      return refuse('invalid_state', `A ${state} reservation cannot be released.`)
    }
    const isHeld = this.#inventory.holds.get(found.row.seq) !== undefined
    this.#inventory.release(found.row, now, isUnpaid)
    // In the transaction that frees its numbers: else they would go to the next.
    if (isHeld && !isUnpaid) this.#pool.offers.makeAgain(found.row, now)
    return { ok: true, reservation: this.#read(found.row), seats: this.#seatsOf(found.row, []) }
  }

  void(
    seq: number,
    id: string,
    numbers: number[] | null,
    now: number,
    { isSettling = false, onlyOwn = false }: VoidOptions = {},
  ): ChangeOutcome {
    const found = this.#inventory.reservations.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { row, folded } = found
    const valid = new Set(validNumbers(folded.reservation))
    const wanted = numbers ?? folded.issued
    if (wanted.length === 0 || !wanted.every((number) => folded.issued.includes(number))) {
      return refuse('invalid_state', 'Only tickets of this reservation can be voided.')
    }
    const seats = this.#seatsOf(row, wanted)
    const left = [...new Set(wanted)].filter((number) => valid.has(number))
    if (left.length === 0) return { ok: true, reservation: folded.reservation, seats }
    if (onlyOwn && left.some((number) => folded.reservation.moved.includes(number))) {
      return refuse('invalid_state', 'Somebody else has this ticket.')
    }
    if (!this.#isInTime(now, isSettling)) {
      const isDrawn = this.#pool.raffle !== null
      return refuse(
        'invalid_state',
        isDrawn ? 'The list of tickets is fixed for the draw.' : 'Sales are over.',
      )
    }
    this.#inventory.void(row, folded, left, now)
    // The caller frees them at once. If it dies or fails, the pool does it later.
    if (seats !== null) this.#store.insertSeatsToFree(this.#inventory.seq, seats, now + FREE_SEATS_AFTER_MS)
    return { ok: true, reservation: this.#read(row), seats }
  }

  transfer(seq: number, id: string, number: number, to: TransferRequest, now: number): ChangeOutcome {
    const found = this.#inventory.reservations.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { row, folded } = found
    const earlier = this.#store.reservationByKey(to.holder, to.key) ?? this.#formerOf(row, number, to)
    if (earlier !== undefined) {
      return isTransferOf(earlier, row, number)
        ? { ok: true, reservation: this.#read(earlier), seats: null }
        : refuse('idempotency_mismatch', 'This key was used for another reservation.')
    }
    const source = row.moved_from === null ? undefined : this.#store.reservation(row.moved_from)
    const refusal = whyTransferRefused(
      this.#pool,
      { row, reservation: folded.reservation, source },
      number,
      to,
    )
    if (refusal !== null) return refusal
    return { ok: true, reservation: this.#read(this.#inventory.move(row, number, to, now)), seats: null }
  }

  /** The same transfer from before keys of the system began with a space. */
  #formerOf(row: ReservationRow, number: number, to: TransferRequest): ReservationRow | undefined {
    const former = formerKey(to.key)
    const made = former === null ? undefined : this.#store.reservationByKey(to.holder, former)
    return made !== undefined && isTransferOf(made, row, number) ? made : undefined
  }

  /** A transfer leaves the seats where they are: with the reservation that was made first. */
  #seatsOf(row: ReservationRow, numbers: number[]): Seats | null {
    const { groupId } = this.#pool.sale
    if (groupId === null) return null
    let first = row
    while (first.moved_from !== null) first = this.#store.reservation(first.moved_from)!
    const { reservation, issued } = this.#inventory.reservations.fold(first)
    return { groupId, reservationId: reservation.id, places: numbers.map((number) => issued.indexOf(number)) }
  }

  /** True between close and freeze too. The clock decides, so a late alarm changes nothing. */
  #isInTime(now: number, isSettling: boolean): boolean {
    const { isOver, raffle } = this.#pool
    return !isOver && (isSettling || raffle === null || now < raffle.clock.freezeAt)
  }

  #read(row: ReservationRow) {
    return this.#inventory.reservations.fold(row).reservation
  }
}
