/** A pool's holds that ended unpaid lately, by person. A person without a new one is dropped after the window. */
import { UNPAID_WINDOW_MS, type UnpaidEnds } from '../../core/unpaid-limits.ts'

interface End {
  seq: number
  at: number
  order: string | null
}

/** The facts of a hold that count. */
interface EndedHold {
  seq: number
  person: string
  order: string | null
}

export class RecentUnpaidEnds {
  /** Each person's ends, oldest first. The person whose last end is the oldest comes first, unless an end was forgotten. */
  readonly #ends = new Map<string, End[]>()
  readonly #persons = new Map<number, string>()

  /** The holds of one order count as one: in a capacity group it has a hold for each ticket type. */
  record({ seq, person, order }: EndedHold, at: number): void {
    const past = this.#ends.get(person) ?? []
    if (order !== null && past.some((end) => end.order === order)) return
    this.#ends.delete(person)
    this.#ends.set(person, [...past, { seq, at, order }])
    this.#persons.set(seq, person)
    for (const [name, ends] of this.#ends) {
      if (ends.at(-1)!.at > at - UNPAID_WINDOW_MS) break
      for (const end of ends) this.#persons.delete(end.seq)
      this.#ends.delete(name)
    }
  }

  /** The money came after all. */
  forget(seq: number): void {
    const person = this.#persons.get(seq)
    if (person === undefined) return
    this.#persons.delete(seq)
    const left = this.#ends.get(person)!.filter((end) => end.seq !== seq)
    if (left.length === 0) this.#ends.delete(person)
    else this.#ends.set(person, left)
  }

  /** Null: the person has none. */
  of(person: string): UnpaidEnds | null {
    const ends = this.#ends.get(person)
    if (ends === undefined) return null
    const last = ends.at(-1)!.at
    return { count: ends.filter(({ at }) => at > last - UNPAID_WINDOW_MS).length, last }
  }
}
