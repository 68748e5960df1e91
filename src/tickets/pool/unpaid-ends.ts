/** A pool's holds that ended unpaid lately, by holder. A holder without a new one is dropped after the window. */
import { UNPAID_WINDOW_MS, type UnpaidEnds } from '../../core/unpaid-limits.ts'

interface End {
  seq: number
  at: number
}

export class RecentUnpaidEnds {
  /** Each holder's ends, oldest first. The holder whose last end is the oldest comes first, unless an end was forgotten. */
  readonly #ends = new Map<string, End[]>()
  readonly #holders = new Map<number, string>()

  record(seq: number, holder: string, at: number): void {
    const ends = [...(this.#ends.get(holder) ?? []), { seq, at }]
    this.#ends.delete(holder)
    this.#ends.set(holder, ends)
    this.#holders.set(seq, holder)
    for (const [name, past] of this.#ends) {
      if (past.at(-1)!.at > at - UNPAID_WINDOW_MS) break
      for (const end of past) this.#holders.delete(end.seq)
      this.#ends.delete(name)
    }
  }

  /** The money came after all. */
  forget(seq: number): void {
    const holder = this.#holders.get(seq)
    if (holder === undefined) return
    this.#holders.delete(seq)
    const left = this.#ends.get(holder)!.filter((end) => end.seq !== seq)
    if (left.length === 0) this.#ends.delete(holder)
    else this.#ends.set(holder, left)
  }

  /** Null: the holder has none. */
  of(holder: string): UnpaidEnds | null {
    const ends = this.#ends.get(holder)
    if (ends === undefined) return null
    const last = ends.at(-1)!.at
    return { count: ends.filter(({ at }) => at > last - UNPAID_WINDOW_MS).length, last }
  }
}
