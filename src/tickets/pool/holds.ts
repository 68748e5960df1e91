/** A pool's holds: which numbers they keep, when they expire, and which of them ended unpaid. */
import { RecentUnpaidEnds } from './unpaid-ends.ts'

/** An unpaid reservation that keeps its numbers. */
export interface Hold {
  seq: number
  holder: string
  /** Whether the holder's address was proved. */
  isProved: boolean
  numbers: number[]
  heldUntil: number
  tag: Uint8Array
  /** Made by the system for somebody on the waiting list: it counts for no limit of unpaid numbers. */
  isOffer: boolean
}

export class Holds {
  readonly unpaidEnds = new RecentUnpaidEnds()
  readonly #bySeq = new Map<number, Hold>()
  /** Each holder has at most one hold of its own, and at most one offer. */
  readonly #holders = new Set<string>()
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

  isHolding(holder: string): boolean {
    return this.#holders.has(holder)
  }

  add(hold: Hold): void {
    this.#bySeq.set(hold.seq, hold)
    if (hold.isOffer) this.#offers.set(hold.holder, hold)
    else this.#holders.add(hold.holder)
    this.#numbers += hold.numbers.length
    if (!hold.isProved) this.#unproved += hold.numbers.length
    this.#nextExpiry = Math.min(this.#nextExpiry, hold.heldUntil)
  }

  drop(hold: Hold): void {
    this.#bySeq.delete(hold.seq)
    if (hold.isOffer) this.#offers.delete(hold.holder)
    else this.#holders.delete(hold.holder)
    this.#numbers -= hold.numbers.length
    if (!hold.isProved) this.#unproved -= hold.numbers.length
  }

  /** Computes `nextExpiry` again from all holds. Call it after dropping many. */
  updateNextExpiry(): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { heldUntil } of this.#bySeq.values()) this.#nextExpiry = Math.min(this.#nextExpiry, heldUntil)
  }
}
