/**
 * Which numbers are free, held and sold: in memory, with every change written to the store at its place in the pool's
 * sequence. It decides nothing: whether a change is allowed, `pool.ts` says.
 */
import { ISSUED, VOIDED } from '../../rdp1/log.ts'
import type { Refusal, ReserveRequest } from '../pool-contract.ts'
import { MAX_TICKETS_A_POOL, type SaleTerms } from '../terms.ts'
import { Allocator, type RandomBelow } from './allocator.ts'
import { type Holder, Holders, type HolderTag } from './holders.ts'
import { type Hold, Holds } from './holds.ts'
import { packNumbers, unpackNumbers } from './numbers.ts'
import { refuse } from './refusals.ts'
import { replay } from './replay.ts'
import { type FoldedReservation, foldReservation } from './reservation-state.ts'
import type { SaleLog } from './sale-log.ts'
import type { PoolStore } from './store.ts'
import type { ChangeKind, ReservationRow } from './tables.ts'

/** Where the pool's randomness comes from. */
export interface Randomness {
  below: RandomBelow
  bytes(count: number): Uint8Array<ArrayBuffer>
}

const MAX_EXPIRIES_A_PASS = 5_000

export class Inventory {
  readonly holds = new Holds()
  readonly #name: string
  readonly #store: PoolStore
  readonly #log: SaleLog | null
  readonly #allocator: Allocator
  readonly #holders: Holders
  #seq: number
  #lastAt: number
  #sold: number
  #isReserved: boolean
  /** Whether `changes` has rows at all: a free raffle never reads them. */
  #isChanged: boolean

  /** Replays what the store holds. Without a log nothing is drawn, and the total may have been higher once. */
  constructor(
    name: string,
    store: PoolStore,
    { total, numbering }: SaleTerms,
    log: SaleLog | null,
    newTag: (holder: string) => HolderTag,
    randomBelow: RandomBelow,
  ) {
    this.#name = name
    this.#store = store
    this.#log = log
    const highest = log === null ? MAX_TICKETS_A_POOL : total
    this.#allocator = new Allocator(total, numbering, randomBelow, highest)
    this.#holders = new Holders(store, (row) => this.fold(row), newTag)
    const past = replay(name, store, { allocator: this.#allocator, holds: this.holds, log })
    this.#sold = past.sold
    this.#lastAt = past.lastAt
    this.#isReserved = past.isReserved
    this.#isChanged = past.isChanged
    this.#seq = store.lastSeq()
  }

  /** The latest place in the pool's sequence. */
  get seq(): number {
    return this.#seq
  }

  /** When the latest change was made. */
  get lastAt(): number {
    return this.#lastAt
  }

  get sold(): number {
    return this.#sold
  }

  /** Whether anything was ever reserved. */
  get isReserved(): boolean {
    return this.#isReserved
  }

  /** The place of a decision that is about the pool as a whole. */
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

  fold(row: ReservationRow): FoldedReservation {
    return foldReservation(this.#name, row, this.#isChanged ? this.#store.changesOf(row.seq) : [])
  }

  /** The reservation at a place, if its id is this one. */
  find(seq: number, id: string): { row: ReservationRow; folded: FoldedReservation } | undefined {
    const row = this.#store.reservation(seq)
    if (row === undefined) return undefined
    const folded = this.fold(row)
    return folded.reservation.id === id ? { row, folded } : undefined
  }

  /** The numbers of a new reservation: the chosen ones, or the next by the pool's own rule. */
  take({ quantity, numbers }: ReserveRequest): number[] | Refusal {
    if (numbers !== null) {
      const taken = this.#allocator.takeChosen(numbers)
      if (taken.length === 0) return numbers
      return refuse('number_taken', `Taken already: ${taken.slice(0, 20).join(', ')}.`, taken)
    }
    const taken = this.#allocator.take(quantity)
    if (taken !== null) return taken
    const { free } = this.#allocator
    if (free > 0) return refuse('sold_out', `Only ${free} left.`)
    if (this.holds.numbers === 0) return refuse('sold_out', 'Every ticket is sold.')
    return refuse('sold_out', 'Every ticket is sold or reserved; unpaid ones may come back.')
  }

  /** The numbers of an ended hold, or as many others where `others` allows them; null where they are gone. */
  takeAgain(row: ReservationRow, others: boolean): number[] | null {
    const numbers = unpackNumbers(row.numbers)
    const taken = this.#takeSame(numbers) ?? (others ? this.#allocator.take(numbers.length) : null)
    if (taken !== null) this.holder(row.holder).owned += taken.length
    return taken
  }

  #takeSame(numbers: number[]): number[] | null {
    // Once the total was lowered, numbers may be free that are too many.
    if (numbers.length > this.#allocator.free) return null
    return this.#allocator.takeChosen(numbers).length === 0 ? numbers : null
  }

  /** Writes a reservation of numbers that were taken: held for `holdMs`, or sold at once where that is null. */
  reserve(request: ReserveRequest, numbers: number[], now: number, holdMs: number | null): ReservationRow {
    const holder = this.holder(request.holder)
    const at = this.#tick(now)
    const row: ReservationRow = {
      seq: ++this.#seq,
      holder: request.holder,
      key: request.key,
      request: request.request,
      numbers: packNumbers(numbers),
      tag: holder.tag.buffer,
      salt: holder.salt?.buffer ?? null,
      at,
      held_until: holdMs === null ? null : at + holdMs,
      log_index: holdMs === null ? this.#logIndex : null,
    }
    this.#store.insertReservation(row)
    this.#isReserved = true
    holder.owned += numbers.length
    const { seq, held_until: heldUntil } = row
    if (heldUntil === null) this.#issue(numbers, holder.tag, at)
    else this.holds.add({ seq, holder: row.holder, numbers, heldUntil, tag: holder.tag })
    return row
  }

  /** The money is there: numbers that were held, or were taken again, are sold. */
  confirm(row: ReservationRow, numbers: number[], now: number): void {
    const hold = this.holds.get(row.seq)
    if (hold !== undefined) this.holds.drop(hold)
    const at = this.#change(row, 'confirmed', hold === undefined ? numbers : null, now, this.#logIndex)
    this.#issue(numbers, new Uint8Array(row.tag), at)
  }

  /** The money came too late for the numbers. */
  lose(row: ReservationRow, now: number): void {
    this.release(row, now)
    this.#change(row, 'lost', null, now, null)
  }

  /** Ends a reservation's hold, if it still has one. */
  release(row: ReservationRow, now: number): void {
    const hold = this.holds.get(row.seq)
    if (hold !== undefined) this.#endHold(hold, 'released', now)
  }

  void(row: ReservationRow, numbers: number[], now: number): void {
    const at = this.#change(row, 'voided', numbers, now, this.#logIndex)
    this.#allocator.release(numbers)
    this.#sold -= numbers.length
    this.#log?.append({ kind: VOIDED, numbers, tag: new Uint8Array(row.tag), at }, this.#seq)
    this.#holders.forget(row.holder)
  }

  /** Ends the holds whose time is over. */
  expireHolds(now: number): void {
    if (now < this.holds.nextExpiry) return
    let ended = 0
    for (const hold of this.holds.all()) {
      if (hold.heldUntil > now) continue
      this.holds.rememberExpiry(hold.holder, this.#endHold(hold, 'expired', now))
      if (++ended === MAX_EXPIRIES_A_PASS) break
    }
    this.holds.findNextExpiry()
  }

  releaseAllHolds(now: number): void {
    for (const hold of [...this.holds.all()]) this.#endHold(hold, 'released', now)
    this.holds.findNextExpiry()
  }

  #endHold(hold: Hold, kind: 'released' | 'expired', now: number): number {
    const at = this.#change(this.#store.reservation(hold.seq)!, kind, null, now, null)
    this.holds.drop(hold)
    this.#allocator.release(hold.numbers)
    this.#holders.forget(hold.holder)
    return at
  }

  #issue(numbers: number[], tag: Uint8Array, at: number): void {
    this.#sold += numbers.length
    this.#log?.append({ kind: ISSUED, numbers, tag, at }, this.#seq)
  }

  #change(
    row: ReservationRow,
    kind: ChangeKind,
    numbers: number[] | null,
    now: number,
    logIndex: number | null,
  ) {
    const at = this.#tick(now)
    this.#isChanged = true
    this.#store.insertChange({
      seq: ++this.#seq,
      reservation: row.seq,
      kind,
      numbers: numbers === null ? null : packNumbers(numbers),
      at,
      log_index: logIndex,
    })
    return at
  }

  /** Where the next entry of the log goes; null: there is no log. */
  get #logIndex(): number | null {
    return this.#log?.size ?? null
  }

  /** The pool's time never runs backwards, so that the log reads in order whatever the machine's clock does. */
  #tick(now: number): number {
    this.#lastAt = Math.max(this.#lastAt, now)
    return this.#lastAt
  }
}
