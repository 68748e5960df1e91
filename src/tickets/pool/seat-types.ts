/**
 * In the pool of a capacity group: its ticket types, and how many seats each has. The group gives no type more seats than
 * the type has tickets. A pool that sells tickets has none of this: there a type is `null`, and nothing limits it.
 */
import type { Refusal } from '../pool-contract.ts'
import { typePoolOf } from '../seat-type.ts'
import type { SeatType } from '../waiting-contract.ts'
import { refuse, TERMS_ARE_FIXED } from './refusals.ts'
import type { SeatTypeRow } from './tables.ts'
import type { WaitingStore } from './waiting-store.ts'

export class SeatTypes {
  readonly #store: WaitingStore
  /** Those that anybody waited for, or that changed since there are waiting lists of groups. */
  readonly #rows = new Map<string, SeatTypeRow>()
  readonly #taken = new Map<string, number>()

  constructor(store: WaitingStore) {
    this.#store = store
    for (const row of store.seatTypes()) this.#rows.set(row.pool, row)
  }

  get pools(): IterableIterator<string> {
    return this.#rows.keys()
  }

  get(type: string): SeatTypeRow | undefined {
    return this.#rows.get(type)
  }

  /** Counts seats that were sold, held or offered for the type of this holder. `seats` below 0: they are free again. */
  count(holder: string, seats: number): void {
    const type = typePoolOf(holder)
    if (type !== null) this.#taken.set(type, this.takenOf(type) + seats)
  }

  takenOf(type: string): number {
    return this.#taken.get(type) ?? 0
  }

  /** How many more seats the type may have. The seats of a type that is not known here are limited by its own pool. */
  roomOf(type: string | null): number {
    const row = type === null ? undefined : this.#rows.get(type)
    return row === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(0, (row.total ?? 0) - this.takenOf(row.pool))
  }

  /** When the type is sold (ms since 1970). */
  saleOf(type: string | null): { opensAt: number; closesAt: number } {
    const row = type === null ? undefined : this.#rows.get(type)
    return { opensAt: row?.opens_at ?? 0, closesAt: row?.closes_at ?? Number.POSITIVE_INFINITY }
  }

  isOnSale(type: string | null, now: number): boolean {
    const { opensAt, closesAt } = this.saleOf(type)
    return now >= opensAt && now < closesAt
  }

  /** The sale of an ended type may be reopened. */
  hasEnded(type: string | null, now: number): boolean {
    return now >= this.saleOf(type).closesAt
  }

  /** Takes over the terms that the type has now, unless newer ones are known. */
  set(type: SeatType): void {
    if (type.version >= (this.#rows.get(type.pool)?.version ?? 0)) this.#write(type)
  }

  /** Called when a person joins: another call may have said in the meantime that the type changes. */
  learn(type: SeatType): void {
    if (type.version > (this.#rows.get(type.pool)?.version ?? 0)) this.#write(type)
  }

  /**
   * Limits the type before its pool takes new terms: see `seatsUntil`. So nothing is offered that its pool no longer has, or
   * under terms that change. Returns the refusal if it has more seats, or if people wait for a type that leaves.
   */
  keepWithin(type: SeatType, waiting: number): Refusal | null {
    const taken = this.takenOf(type.pool)
    if (type.total === null && taken + waiting > 0)
      return refuse(
        'invalid_state',
        'People wait for this ticket type, so `capacityGroupId` can no longer change.',
      )
    if (type.total === 0 && taken > 0) return TERMS_ARE_FIXED
    if (type.total !== null && type.total < taken)
      return refuse('invalid_state', `${taken} tickets are held or sold: the total cannot be lower.`)
    this.set(type)
    return null
  }

  #write({ pool, itemId, version, title, total, opensAt, closesAt }: SeatType): void {
    const row = { pool, item_id: itemId, version, title, total, opens_at: opensAt, closes_at: closesAt }
    this.#store.writeSeatType(row)
    this.#rows.set(pool, row)
  }
}
