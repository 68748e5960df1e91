/** Who waits for tickets of a sold-out pool, in the order of joining: one place for each person. */
import type { PoolStore } from './store.ts'
import type { WaitingRow } from './tables.ts'

export class WaitingList {
  readonly #store: PoolStore
  /** In the order of joining. */
  readonly #rows = new Map<string, WaitingRow>()

  constructor(store: PoolStore) {
    this.#store = store
    for (const row of store.waiting()) this.#rows.set(row.holder, row)
  }

  get size(): number {
    return this.#rows.size
  }

  /** Undefined: nobody waits. */
  get first(): WaitingRow | undefined {
    return this.#rows.values().next().value
  }

  get(holder: string): WaitingRow | undefined {
    return this.#rows.get(holder)
  }

  /** 1: the next. 0: the person does not wait. */
  positionOf(holder: string): number {
    let position = 0
    for (const name of this.#rows.keys()) {
      position++
      if (name === holder) return position
    }
    return 0
  }

  add(row: WaitingRow): void {
    this.#store.insertWaiting(row)
    this.#rows.set(row.holder, row)
  }

  /** Keeps the place. `seq`: of this change. */
  setQuantity(row: WaitingRow, quantity: number, seq: number): void {
    this.#store.updateWaiting(seq, row.holder, quantity)
    this.#rows.set(row.holder, { ...row, quantity })
  }

  /** `seq`: of this change. */
  drop(holder: string, seq: number): void {
    this.#store.deleteWaiting(seq, holder)
    this.#rows.delete(holder)
  }
}
