/** A pool's holds: which numbers they keep, when they expire, and which of them ended unpaid. */
import { MissedOffers } from './missed-offers.ts'
import type { ReservationRow } from './tables.ts'
import { RecentUnpaidEnds } from './unpaid-ends.ts'

/** An unpaid reservation that keeps its numbers. */
export interface Hold {
  seq: number
  holder: string
  /** Whose limits of unpaid numbers count: the holder, or the buyer behind it in a capacity group. */
  person: string
  /** In a capacity group, the order that the hold is a part of; else null: the hold is all of it here. */
  order: string | null
  /** Whether the person's address was proved. */
  isProved: boolean
  numbers: number[]
  heldUntil: number
  tag: Uint8Array
  /** Made by the system for somebody on the waiting list: it counts for no limit of unpaid numbers. */
  isOffer: boolean
}

export const holdOf = (row: ReservationRow, numbers: number[], tag: Uint8Array): Hold => ({
  seq: row.seq,
  holder: row.holder,
  person: row.buyer ?? row.holder,
  order: row.buyer_order,
  isProved: row.proved === 1,
  numbers,
  heldUntil: row.held_until!,
  tag,
  isOffer: row.entry === 'offer',
})

export class Holds {
  readonly unpaidEnds = new RecentUnpaidEnds()
  readonly missedOffers = new MissedOffers()
  readonly #bySeq = new Map<number, Hold>()
  /** How many numbers each person holds, without offers. */
  readonly #persons = new Map<string, number>()
  /** Each holder has at most one offer. */
  readonly #offers = new Map<string, Hold>()
  #numbers = 0
  #unproved = 0
  #nextExpiry = Number.POSITIVE_INFINITY

  /** The count of held numbers. */
  get numbers(): number {
    return this.#numbers
  }

  /** The count of numbers that holders without a proved address hold. */
  get unproved(): number {
    return this.#unproved
  }

  /** No hold expires earlier; it may be too early after a hold was dropped. */
  get nextExpiry(): number {
    return this.#nextExpiry
  }

  get(seq: number): Hold | undefined {
    return this.#bySeq.get(seq)
  }

  all(): IterableIterator<Hold> {
    return this.#bySeq.values()
  }

  /** The holds that are offers. */
  get offers(): Iterable<Hold> {
    return this.#offers.values()
  }

  offerOf(holder: string): Hold | undefined {
    return this.#offers.get(holder)
  }

  /** The count of a person's numbers, without offers. */
  heldBy(person: string): number {
    return this.#persons.get(person) ?? 0
  }

  #count({ person, numbers }: Hold, sign: 1 | -1): void {
    const count = this.heldBy(person) + sign * numbers.length
    if (count === 0) this.#persons.delete(person)
    else this.#persons.set(person, count)
  }

  add(hold: Hold): void {
    this.#bySeq.set(hold.seq, hold)
    if (hold.isOffer) this.#offers.set(hold.holder, hold)
    else this.#count(hold, 1)
    this.#numbers += hold.numbers.length
    if (!hold.isProved) this.#unproved += hold.numbers.length
    this.#nextExpiry = Math.min(this.#nextExpiry, hold.heldUntil)
  }

  drop(hold: Hold): void {
    this.#bySeq.delete(hold.seq)
    if (hold.isOffer) this.#offers.delete(hold.holder)
    else this.#count(hold, -1)
    this.#numbers -= hold.numbers.length
    if (!hold.isProved) this.#unproved -= hold.numbers.length
  }

  /** The hold ended at `at` because its holder did not pay, or let go what was offered. */
  recordUnpaid(hold: Hold, at: number): void {
    if (hold.isOffer) this.missedOffers.record(hold.holder)
    else this.unpaidEnds.record(hold, at)
  }

  /** Computes `nextExpiry` again from all holds. Call it after dropping many. */
  updateNextExpiry(): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { heldUntil } of this.#bySeq.values()) this.#nextExpiry = Math.min(this.#nextExpiry, heldUntil)
  }
}
