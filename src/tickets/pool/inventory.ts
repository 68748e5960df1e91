/**
 * Keeps in memory which numbers are free, held and sold, and writes each change to the store under the next `seq`.
 * `pool.ts` decides whether a change is allowed.
 */
import { ISSUED, VOIDED } from '../../rdp1/log.ts'
import { labelOf } from '../number-label.ts'
import type { Refusal, ReserveRequest, TransferRequest } from '../pool-contract.ts'
import { MAX_TICKETS_A_POOL, type SaleTerms } from '../terms.ts'
import { Allocator, type RandomBelow } from './allocator.ts'
import { type Holder, Holders, type HolderTag } from './holders.ts'
import { type Hold, Holds, holdOf } from './holds.ts'
import { movedRow, reservedRow } from './new-rows.ts'
import { packNumbers, unpackNumbers } from './numbers.ts'
import { refuse, refuseSoldOut } from './refusals.ts'
import { replay } from './replay.ts'
import type { FoldedReservation } from './reservation-state.ts'
import { Reservations } from './reservations.ts'
import type { SaleLog } from './sale-log.ts'
import { SeatTypes } from './seat-types.ts'
import type { PoolStore } from './store.ts'
import type { ChangeKind, ReservationRow } from './tables.ts'

/** Bounds one transaction; the next one expires more. */
const MAX_EXPIRIES_A_PASS = 5_000

export class Inventory {
  readonly holds = new Holds()
  readonly reservations: Reservations
  readonly seatTypes: SeatTypes
  readonly #store: PoolStore
  readonly #log: SaleLog | null
  readonly #kind: SaleTerms['kind']
  readonly #digits: number | null
  readonly #allocator: Allocator
  readonly #holders: Holders
  #seq: number
  #lastAt: number
  #sold: number
  #isReserved: boolean

  /** Replays the store. A pool without a log is a ticket type's, whose total may have been higher before. */
  constructor(
    name: string,
    store: PoolStore,
    { kind, total, numbering, firstNumber, digits }: SaleTerms,
    log: SaleLog | null,
    newTag: (holder: string) => HolderTag,
    randomBelow: RandomBelow,
  ) {
    this.#store = store
    this.#log = log
    this.#kind = kind
    this.seatTypes = new SeatTypes(store.waiting)
    const highest = log === null ? MAX_TICKETS_A_POOL : total
    this.#allocator = new Allocator(total, numbering, randomBelow, highest, firstNumber)
    this.#digits = digits
    this.#holders = new Holders(store, (row) => this.reservations.fold(row), newTag)
    const { holds, seatTypes } = this
    const past = replay(name, store, { allocator: this.#allocator, holds, seatTypes, log })
    this.#sold = past.sold
    this.#lastAt = past.lastAt
    this.#isReserved = past.isReserved
    this.reservations = new Reservations(name, store, past.isChanged)
    this.#seq = store.lastSeq()
  }

  /** The latest `seq` in use. */
  get seq(): number {
    return this.#seq
  }

  /** When the latest change was made (ms since 1970). */
  get lastAt(): number {
    return this.#lastAt
  }

  get sold(): number {
    return this.#sold
  }

  get free(): number {
    return this.#allocator.free
  }

  /** Whether anything was ever reserved. */
  get isReserved(): boolean {
    return this.#isReserved
  }

  /** A `seq` for a change to the pool as a whole. */
  nextSeq(): number {
    return ++this.#seq
  }

  holder(name: string): Holder {
    return this.#holders.get(name)
  }

  /** Free numbers from `from` on, ascending. */
  freeFrom(from: number, limit: number): number[] {
    return this.#allocator.freeFrom(from, limit)
  }

  /** Takes the numbers of a new reservation: the chosen ones, or the next in the pool's own order. */
  take({ quantity, numbers }: ReserveRequest): number[] | Refusal {
    if (numbers !== null) {
      const taken = this.#allocator.takeChosen(numbers)
      if (taken.length === 0) return numbers
      const labels = taken.slice(0, 20).map((number) => labelOf(number, this.#digits))
      return refuse('number_taken', `Taken already: ${labels.join(', ')}.`, taken)
    }
    return this.#allocator.take(quantity) ?? this.refuseAll(this.free)
  }

  /** The refusal of somebody who wants more than the `left` ones. */
  refuseAll(left: number): Refusal {
    return refuseSoldOut(this.#kind, left, this.holds.numbers)
  }

  /** Takes the numbers of an ended hold again, or as many others if `others` allows it; null: too few are free. */
  retake(row: ReservationRow, others: boolean): number[] | null {
    const numbers = unpackNumbers(row.numbers)
    const taken = this.#takeSame(numbers) ?? (others ? this.#allocator.take(numbers.length) : null)
    if (taken !== null) this.#count(row, taken.length)
    return taken
  }

  #takeSame(numbers: number[]): number[] | null {
    // After the total was lowered, these numbers may be free although the pool is sold out.
    if (numbers.length > this.#allocator.free) return null
    return this.#allocator.takeChosen(numbers).length === 0 ? numbers : null
  }

  /**
   * Writes the reservation of numbers that `take` returned: held for `holdMs`, or sold at once if that is null. `offerSeq`:
   * see `ReservationRow`.
   */
  reserve(
    request: ReserveRequest,
    numbers: number[],
    now: number,
    holdMs: number | null,
    offerSeq: number | null = null,
  ): ReservationRow {
    const holder = this.holder(request.holder)
    const at = this.#timeOf(now)
    const logIndex = this.#logIndex
    const row = reservedRow(request, { seq: ++this.#seq, at, holder, numbers, holdMs, logIndex, offerSeq })
    this.#store.insertReservation(row)
    this.#isReserved = true
    this.#count(row, numbers.length)
    if (row.held_until === null) this.#issue(row, numbers, holder.tag, at)
    else this.holds.add(holdOf(row, numbers, holder.tag))
    return row
  }

  #count({ holder }: ReservationRow, more: number): void {
    this.holder(holder).owned += more
    this.seatTypes.count(holder, more)
  }

  /** Sells numbers that were held, or that `retake` returned. */
  confirm(row: ReservationRow, numbers: number[], now: number): void {
    const hold = this.holds.get(row.seq)
    if (hold !== undefined) this.holds.drop(hold)
    else this.holds.unpaidEnds.forget(row.seq)
    const at = this.#change(row, 'confirmed', hold === undefined ? numbers : null, now, this.#logIndex)
    this.#issue(row, numbers, new Uint8Array(row.tag), at)
  }

  /** Marks a payment that came too late for its numbers. */
  lose(row: ReservationRow, now: number): void {
    this.release(row, now, false)
    this.holds.unpaidEnds.forget(row.seq)
    this.#change(row, 'lost', null, now, null)
  }

  /** Releases a reservation's hold, if it still has one. `isUnpaid`: its holder did not pay, which counts. */
  release(row: ReservationRow, now: number, isUnpaid: boolean): void {
    const hold = this.holds.get(row.seq)
    if (hold !== undefined) this.#endHold(hold, 'released', now, isUnpaid)
  }

  /** Voids valid numbers of a reservation, those in the reservations to which they were transferred too. */
  void(row: ReservationRow, { reservation }: FoldedReservation, numbers: number[], now: number): void {
    const own = new Set(reservation.state === 'sold' ? reservation.numbers : [])
    const here = numbers.filter((number) => own.has(number))
    if (here.length > 0) {
      const at = this.#change(row, 'voided', here, now, this.#logIndex)
      this.#allocator.release(here)
      this.#sold -= here.length
      this.seatTypes.count(row.holder, -here.length)
      this.#log?.append({ kind: VOIDED, numbers: here, tag: new Uint8Array(row.tag), at }, this.#seq)
    }
    this.#holders.forget(row.holder)
    const elsewhere = numbers.filter((number) => reservation.moved.includes(number))
    if (elsewhere.length === 0) return
    for (const moved of this.#store.movedFrom(row.seq))
      this.void(moved, this.reservations.fold(moved), elsewhere, now)
  }

  /** Moves a sold number to a new reservation of another holder. It stays taken, and counts for the same person. */
  move(row: ReservationRow, number: number, to: TransferRequest, now: number): ReservationRow {
    const at = this.#change(row, 'voided', [number], now, null)
    const moved = movedRow(row, number, to, { seq: ++this.#seq, at, holder: this.holder(to.holder) })
    this.#store.insertReservation(moved)
    this.reservations.noteMove()
    return moved
  }

  expireHolds(now: number): void {
    if (now < this.holds.nextExpiry) return
    let ended = 0
    for (const hold of this.holds.all()) {
      if (hold.heldUntil > now) continue
      this.#endHold(hold, 'expired', now, true)
      if (++ended === MAX_EXPIRIES_A_PASS) break
    }
    this.holds.updateNextExpiry()
  }

  releaseAllHolds(now: number): void {
    for (const hold of [...this.holds.all()]) this.#endHold(hold, 'released', now, false)
    this.holds.updateNextExpiry()
  }

  /** Ends an offer. `isMissed`: it counts as a lapse does. */
  endOffer(offer: Hold, now: number, isMissed: boolean): void {
    this.#endHold(offer, 'released', now, isMissed)
  }

  #endHold(hold: Hold, kind: 'released' | 'expired', now: number, isUnpaid: boolean): void {
    const at = this.#change(this.#store.reservation(hold.seq)!, kind, null, now, null, isUnpaid)
    if (isUnpaid) this.holds.recordUnpaid(hold, at)
    this.holds.drop(hold)
    this.#allocator.release(hold.numbers)
    this.seatTypes.count(hold.holder, -hold.numbers.length)
    this.#holders.forget(hold.holder)
  }

  #issue({ holder }: ReservationRow, numbers: number[], tag: Uint8Array, at: number): void {
    this.#sold += numbers.length
    this.holds.missedOffers.clearFor(holder)
    this.#log?.append({ kind: ISSUED, numbers, tag, at }, this.#seq)
  }

  #change(
    row: ReservationRow,
    kind: ChangeKind,
    numbers: number[] | null,
    now: number,
    logIndex: number | null,
    isUnpaid = false,
  ) {
    const at = this.#timeOf(now)
    this.reservations.noteChange()
    this.#store.insertChange({
      seq: ++this.#seq,
      reservation: row.seq,
      kind,
      numbers: numbers === null ? null : packNumbers(numbers),
      at,
      log_index: logIndex,
      unpaid: isUnpaid ? 1 : 0,
    })
    return at
  }

  /** The place of the next entry in the log; null: there is no log. */
  get #logIndex(): number | null {
    return this.#log?.size ?? null
  }

  /** A pool's time never goes back, so the log is in order even if the machine's clock is set back. */
  #timeOf(now: number): number {
    this.#lastAt = Math.max(this.#lastAt, now)
    return this.#lastAt
  }
}
