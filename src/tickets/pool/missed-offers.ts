/** How many offers each person on a waiting list has let go since the pool last sold a ticket. */

/** Then somebody else must buy first. Else two people could keep a ticket off the sale by joining again in turn. */
export const MAX_MISSED_OFFERS = 3

export class MissedOffers {
  readonly #counts = new Map<string, number>()

  /** The offer lapsed, or its holder declined it. */
  record(holder: string): void {
    this.#counts.set(holder, this.of(holder) + 1)
  }

  of(holder: string): number {
    return this.#counts.get(holder) ?? 0
  }

  /** A ticket was sold. */
  clear(): void {
    this.#counts.clear()
  }
}
