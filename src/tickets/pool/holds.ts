/** A pool's holds: which numbers they keep, when they expire, and which holders let too many expire. */
import { EXPIRIES_BEFORE_PAUSE, EXPIRY_WINDOW_MS } from '../pool-contract.ts'

/** An unpaid reservation that keeps its numbers. */
export interface Hold {
  seq: number
  holder: string
  numbers: number[]
  heldUntil: number
  tag: Uint8Array
}

export class Holds {
  readonly #bySeq = new Map<number, Hold>()
  /** Each holder has at most one hold. */
  readonly #holders = new Set<string>()
  /** When a holder's recent holds expired, oldest first. */
  readonly #expiries = new Map<string, number[]>()
  #numbers = 0
  #nextExpiry = Number.POSITIVE_INFINITY

  /** The count of held numbers. */
  get numbers(): number {
    return this.#numbers
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

  isHolding(holder: string): boolean {
    return this.#holders.has(holder)
  }

  add(hold: Hold): void {
    this.#bySeq.set(hold.seq, hold)
    this.#holders.add(hold.holder)
    this.#numbers += hold.numbers.length
    this.#nextExpiry = Math.min(this.#nextExpiry, hold.heldUntil)
  }

  drop(hold: Hold): void {
    this.#bySeq.delete(hold.seq)
    this.#holders.delete(hold.holder)
    this.#numbers -= hold.numbers.length
  }

  /** Computes `nextExpiry` again from all holds. Call it after dropping many. */
  updateNextExpiry(): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { heldUntil } of this.#bySeq.values()) this.#nextExpiry = Math.min(this.#nextExpiry, heldUntil)
  }

  recordExpiry(holder: string, at: number): void {
    const recent = (this.#expiries.get(holder) ?? []).filter((each) => each > at - EXPIRY_WINDOW_MS)
    this.#expiries.set(holder, [...recent, at])
  }

  /** Until when a holder may not hold again, since too many holds expired; null: the holder may. */
  pausedUntil(holder: string, now: number): number | null {
    const expiries = this.#expiries.get(holder)
    if (expiries === undefined || expiries.length < EXPIRIES_BEFORE_PAUSE) return null
    const until = expiries.at(-1)! + EXPIRY_WINDOW_MS
    return now < until ? until : null
  }
}
