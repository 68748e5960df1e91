/**
 * Chooses the numbers that a pool assigns. Pure: in memory, without clock or storage; randomness is passed in.
 *
 * Every operation costs the same at the first ticket and at the millionth. For `random`, the first `free` places of a
 * permutation hold the free numbers, and taking one swaps it with the last free one. So each free number is equally
 * likely, whatever was taken before. (A bitmap with retries would favour the numbers after long taken runs.)
 */

export type Numbering = 'sequential' | 'random' | 'chosen'

/** Returns a whole number in `0 … bound - 1`, each equally likely. */
export type RandomBelow = (bound: number) => number

/** The pool's source of randomness. */
export interface Randomness {
  below: RandomBelow
  bytes(count: number): Uint8Array<ArrayBuffer>
}

/** A word with every bit set, as the bit operators return it. */
const FULL = -1

export class Allocator {
  readonly total: number
  readonly #first: number
  readonly #last: number
  readonly #numbering: Numbering
  readonly #randomBelow: RandomBelow
  /** Level 0: one bit for each number, set while it is held or sold. Each level above: one bit for each full word. */
  readonly #taken: Uint32Array[]
  /** `random` only: the permutation, free numbers first; and each number's place in it. */
  readonly #order: Uint32Array
  readonly #place: Uint32Array
  #free: number

  /**
   * New numbers are the `total` numbers from `first` on, and at most `total` numbers are taken at a time. If the total was
   * higher before, numbers up to `highest` may still be taken again or released.
   */
  constructor(
    total: number,
    numbering: Numbering,
    randomBelow: RandomBelow,
    highest = total,
    first: 0 | 1 = 1,
  ) {
    this.total = total
    this.#first = first
    this.#last = first + total - 1
    this.#numbering = numbering
    this.#randomBelow = randomBelow
    this.#free = total
    this.#taken = [new Uint32Array((highest + 32) >>> 5)]
    for (let words = this.#taken[0]!.length; words > 1; words = (words + 31) >>> 5) {
      this.#taken.push(new Uint32Array((words + 31) >>> 5))
    }
    const kept = numbering === 'random' ? total : 0
    this.#order = new Uint32Array(kept)
    this.#place = new Uint32Array(kept)
    for (let index = 0; index < kept; index++) {
      this.#order[index] = index
      this.#place[index] = index
    }
  }

  get free(): number {
    return this.#free
  }

  isFree(number: number): boolean {
    return (this.#taken[0]![number >>> 5]! & (1 << (number & 31))) === 0
  }

  /** Takes `count` numbers in the pool's own order; null: fewer are left. */
  take(count: number): number[] | null {
    if (count > this.#free) return null
    const numbers = new Array<number>(count)
    for (let index = 0; index < count; index++) {
      const number = this.#numbering === 'random' ? this.#pickRandom() : this.#nextFree(this.#first)
      this.#mark(number)
      numbers[index] = number
    }
    return numbers
  }

  /** Takes exactly these numbers, all or none. Returns those that are not free (empty: it took all). */
  takeChosen(numbers: readonly number[]): number[] {
    const unavailable = numbers.filter((number) => !this.isFree(number))
    if (unavailable.length === 0) for (const number of numbers) this.#mark(number)
    return unavailable
  }

  /** Throws if a number is free already: that would mean two reservations had it. */
  release(numbers: readonly number[]): void {
    for (const number of numbers) {
      if (this.isFree(number)) throw new Error(`number ${number} is released twice`)
      this.#clearBit(number)
      if (this.#place.length > 0) this.#swapInto(number - this.#first, this.#free)
      this.#free++
    }
  }

  /** The free numbers from `from` on, ascending, at most `limit`. */
  freeFrom(from: number, limit: number): number[] {
    const numbers: number[] = []
    const most = Math.min(limit, this.#free)
    for (let number = this.#nextFree(Math.max(from, this.#first)); number <= this.#last; ) {
      if (numbers.length === most) break
      numbers.push(number)
      number = this.#nextFree(number + 1)
    }
    return numbers
  }

  #pickRandom(): number {
    return this.#order[this.#randomBelow(this.#free)]! + this.#first
  }

  #mark(number: number): void {
    this.#setBit(number)
    this.#free--
    if (this.#place.length > 0) this.#swapInto(number - this.#first, this.#free)
  }

  #setBit(number: number): void {
    let at = number
    for (const words of this.#taken) {
      const word = words[at >>> 5]! | (1 << (at & 31))
      words[at >>> 5] = word
      if (word !== FULL) return
      at >>>= 5
    }
  }

  #clearBit(number: number): void {
    let at = number
    for (const words of this.#taken) {
      const word = words[at >>> 5]! | 0
      words[at >>> 5] = word & ~(1 << (at & 31))
      if (word !== FULL) return
      at >>>= 5
    }
  }

  /** Swaps `value` with the number at `target` in the permutation. */
  #swapInto(value: number, target: number): void {
    const from = this.#place[value]!
    const other = this.#order[target]!
    this.#order[from] = other
    this.#place[other] = from
    this.#order[target] = value
    this.#place[value] = target
  }

  /** The first free number from `from` on, or one more than the last. It climbs past full words and descends to the first gap. */
  #nextFree(from: number): number {
    let at = from
    let level = 0
    while (level < this.#taken.length) {
      const word = this.#taken[level]![at >>> 5]
      if (word === undefined) break
      const gaps = ~word & (-1 << (at & 31))
      if (gaps === 0) {
        at = (at >>> 5) + 1
        level++
      } else {
        at = (at & ~31) + 31 - Math.clz32(gaps & -gaps)
        if (level === 0) return Math.min(at, this.#last + 1)
        at <<= 5
        level--
      }
    }
    return this.#last + 1
  }
}
