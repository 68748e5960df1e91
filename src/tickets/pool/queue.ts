/** Who waits, who is offered tickets, and what is left for others. In a capacity group the list is of several ticket types. */
import { typePoolOf } from '../seat-type.ts'
import type { Hold } from './holds.ts'
import type { Inventory } from './inventory.ts'
import type { PoolStore } from './store.ts'
import type { WaitingRow } from './tables.ts'
import { WaitingList } from './waiting-list.ts'

export class Queue {
  readonly list: WaitingList
  readonly #inventory: Inventory

  constructor(store: PoolStore, inventory: Inventory) {
    this.list = new WaitingList(store.waiting)
    this.#inventory = inventory
  }

  offerOf(holder: string): Hold | undefined {
    return this.#inventory.holds.offerOf(holder)
  }

  /** How many tickets of a type nobody has. */
  leftFor(type: string | null): number {
    return Math.min(this.#inventory.free, this.#inventory.seatTypes.roomOf(type))
  }

  /**
   * Whether what is free of this type belongs to others: to those who wait for it, or for another type that can still have
   * it. The latter are there only within the transaction that frees a seat.
   */
  isQueued(type: string | null, now: number): boolean {
    return this.list.sizeOf(type) > 0 || this.next(now) !== undefined
  }

  /** The first who can have what is free. */
  next(now: number): WaitingRow | undefined {
    const { seatTypes } = this.#inventory
    return this.list.firstOf((type) => seatTypes.isOnSale(type, now) && this.leftFor(type) > 0)
  }

  /** See `PoolState`. */
  get bySeatType(): Record<string, { waiting: number; offered: number }> | null {
    const counts: Record<string, { waiting: number; offered: number }> = {}
    const of = (type: string) => (counts[type] ??= { waiting: 0, offered: 0 })
    for (const type of this.list.types) if (type !== null) of(type).waiting = this.list.sizeOf(type)
    for (const { holder, numbers } of this.#inventory.holds.offers) {
      const type = typePoolOf(holder)
      if (type !== null) of(type).offered += numbers.length
    }
    return Object.keys(counts).length === 0 ? null : counts
  }
}
