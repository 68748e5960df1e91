/**
 * Who waits for tickets of a sold-out pool, in the order of joining: one place for each person, and in a capacity group one
 * for each of its ticket types.
 */
import { typePoolOf } from '../seat-type.ts'
import type { WaitingRow } from './tables.ts'
import type { WaitingStore } from './waiting-store.ts'

export class WaitingList {
  readonly #store: WaitingStore
  /** In the order of joining. */
  readonly #rows = new Map<string, WaitingRow>()
  /** The same by ticket type; null: the pool has one type alone. None is empty. */
  readonly #types = new Map<string | null, Map<string, WaitingRow>>()

  constructor(store: WaitingStore) {
    this.#store = store
    for (const row of store.all()) this.#keep(row)
  }

  #keep(row: WaitingRow): void {
    const type = typePoolOf(row.holder)
    const ofType = this.#types.get(type) ?? new Map<string, WaitingRow>()
    this.#types.set(type, ofType.set(row.holder, row))
    this.#rows.set(row.holder, row)
  }

  get size(): number {
    return this.#rows.size
  }

  /** The ticket types that anybody waits for. */
  get types(): IterableIterator<string | null> {
    return this.#types.keys()
  }

  sizeOf(type: string | null): number {
    return this.#types.get(type)?.size ?? 0
  }

  /** The first of those who wait for one of these types; undefined: nobody. */
  firstOf(isIncluded: (type: string | null) => boolean): WaitingRow | undefined {
    let first: WaitingRow | undefined
    for (const [type, rows] of this.#types) {
      const [row] = rows.values()
      if (isIncluded(type) && row!.seq < (first?.seq ?? Number.POSITIVE_INFINITY)) first = row
    }
    return first
  }

  get(holder: string): WaitingRow | undefined {
    return this.#rows.get(holder)
  }

  /** How many people wait for one of these types. */
  countOf(isIncluded: (type: string | null) => boolean): number {
    let count = 0
    for (const [type, rows] of this.#types) if (isIncluded(type)) count += rows.size
    return count
  }

  /** 1: the next. 0: the person does not wait. Only those who wait for one of these types count. */
  positionOf(holder: string, isIncluded: (type: string | null) => boolean): number {
    let position = 0
    for (const name of this.#rows.keys()) {
      if (isIncluded(typePoolOf(name))) position++
      if (name === holder) return position
    }
    return 0
  }

  add(row: WaitingRow): void {
    this.#store.insert(row)
    this.#keep(row)
  }

  /** Keeps the place. `seq`: of this change. */
  setQuantity(row: WaitingRow, quantity: number, seq: number): void {
    this.#store.update(seq, row.holder, quantity)
    this.#keep({ ...row, quantity })
  }

  /** `seq`: of this change. */
  drop(holder: string, seq: number): void {
    this.#store.delete(seq, holder)
    this.#rows.delete(holder)
    const type = typePoolOf(holder)
    const ofType = this.#types.get(type)
    ofType?.delete(holder)
    if (ofType?.size === 0) this.#types.delete(type)
  }
}
