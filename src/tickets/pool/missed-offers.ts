/** How many offers each person on a waiting list has let go since a ticket of the type was sold. */
import { typePoolOf } from '../seat-type.ts'

/** Then somebody else must buy first. Else two people could keep a ticket off the sale by joining again in turn. */
export const MAX_MISSED_OFFERS = 3

export class MissedOffers {
  /** By the ticket type: in a capacity group the sale of one says nothing of another. Null: the pool has one type alone. */
  readonly #counts = new Map<string | null, Map<string, number>>()

  /** The offer lapsed, or its holder declined it. */
  record(holder: string): void {
    const type = typePoolOf(holder)
    const ofType = this.#counts.get(type) ?? new Map<string, number>()
    ofType.set(holder, (ofType.get(holder) ?? 0) + 1)
    this.#counts.set(type, ofType)
  }

  /** The offer is made again, because its holder could not buy it. */
  forgive(holder: string): void {
    const count = this.of(holder)
    if (count > 0) this.#counts.get(typePoolOf(holder))!.set(holder, count - 1)
  }

  of(holder: string): number {
    return this.#counts.get(typePoolOf(holder))?.get(holder) ?? 0
  }

  /** A ticket was sold to this holder. */
  clearFor(holder: string): void {
    if (this.#counts.size > 0) this.#counts.delete(typePoolOf(holder))
  }
}
