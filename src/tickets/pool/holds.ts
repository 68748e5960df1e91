/** The unpaid reservations of a pool that keep their numbers, when they end, and who let too many of them run out. */
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
  /** Who has one: at most one each. */
  readonly #holders = new Set<string>()
  /** When those of a holder ran out lately, oldest first. */
  readonly #expiries = new Map<string, number[]>()
  #numbers = 0
  #nextExpiry = Number.POSITIVE_INFINITY

  /** How many numbers are held. */
  get numbers(): number {
    return this.#numbers
  }

  /** No hold ends before. */
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

  /** Looks through all of them; to be asked after many have ended. */
  findNextExpiry(): void {
    this.#nextExpiry = Number.POSITIVE_INFINITY
    for (const { heldUntil } of this.#bySeq.values()) this.#nextExpiry = Math.min(this.#nextExpiry, heldUntil)
  }

  rememberExpiry(holder: string, at: number): void {
    const recent = (this.#expiries.get(holder) ?? []).filter((each) => each > at - EXPIRY_WINDOW_MS)
    this.#expiries.set(holder, [...recent, at])
  }

  /** Until when somebody may hold nothing more, as too many of theirs ran out; null: they may. */
  pausedUntil(holder: string, now: number): number | null {
    const expiries = this.#expiries.get(holder)
    if (expiries === undefined || expiries.length < EXPIRIES_BEFORE_PAUSE) return null
    const until = expiries.at(-1)! + EXPIRY_WINDOW_MS
    return now < until ? until : null
  }
}
