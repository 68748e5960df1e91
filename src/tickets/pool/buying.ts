/**
 * Who may take what is free: nobody before those who wait, and nobody more than the limits of persons allow. In the pool of a
 * capacity group it decides about seats, by the ticket type that takes them.
 */
import type { Outcome, Refusal, ReserveRequest } from '../pool-contract.ts'
import { typePoolOf, waitKey } from '../seat-type.ts'
import type { SaleTerms } from '../terms.ts'
import type { SeatRequest } from '../waiting-contract.ts'
import type { Inventory } from './inventory.ts'
import type { Queue } from './queue.ts'
import { refuse, whyEntrantRefused, whyHolding, whyHoldRefused, whyLimitReached } from './refusals.ts'

/** The caller asks the group, and repeats the request with `seats`. */
const needsSeats = (groupId: string): Refusal => ({
  ...refuse('conflict', 'These tickets share their capacity with others: the seats come first.'),
  needsSeats: groupId,
})

const whyMoreThan = (offered: number): Refusal =>
  refuse(
    'limit_reached',
    offered === 1
      ? '1 ticket is kept for you: buy it alone, or leave the waiting list.'
      : `${offered} tickets are kept for you: buy no more than those, or leave the waiting list.`,
  )

const OTHERS_WAIT = refuse(
  'sold_out',
  'Every ticket is sold, and others wait for the next ones: join the waiting list.',
)

/** The facts of the pool that decide. */
interface PoolFacts {
  sale: SaleTerms
  /** Why nothing is on sale; null: the sale is open. */
  whyNotOnSale(now: number): Refusal | null
}

export class Buying {
  readonly #pool: PoolFacts
  readonly #inventory: Inventory
  readonly #queue: Queue

  constructor(pool: PoolFacts, inventory: Inventory, queue: Queue) {
    this.#pool = pool
    this.#inventory = inventory
    this.#queue = queue
  }

  /** Whether the limits of persons and the waiting list let this person have these tickets. */
  whyRefused(request: ReserveRequest, now: number): Refusal | null {
    const type = typePoolOf(request.holder)
    return type === null ? this.#whyTicketsRefused(request, now) : this.#whySeatsRefused(type, request, now)
  }

  #whyTicketsRefused(request: ReserveRequest, now: number): Refusal | null {
    const { holder, quantity, payment, entry, seats } = request
    const others = this.#queue.list.size > 0 ? OTHERS_WAIT : null
    const { sale } = this.#pool
    const unasked = sale.groupId !== null && seats === undefined ? needsSeats(sale.groupId) : null
    // Nothing limits what the system sets aside.
    if (entry === 'setAside') return unasked ?? others
    const { holds, free } = this.#inventory
    const { owned } = this.#inventory.holder(holder)
    const offered = this.#queue.offerOf(holder)?.numbers.length ?? 0
    const refusal = whyEntrantRefused(sale, request) ?? whyLimitReached(sale, owned - offered, quantity)
    if (refusal !== null) return refusal
    if (unasked !== null) return unasked
    // The person holds them already, so the limits for unpaid tickets do not count.
    if (seats?.areOffered) return whyHolding(sale, holds, holder)
    if (offered === 0)
      return others ?? (payment === null ? null : whyHoldRefused(sale, holds, request, free, now))
    if (quantity > offered) return whyMoreThan(offered)
    return payment === null ? null : whyHolding(sale, holds, holder)
  }

  #whySeatsRefused(type: string, request: ReserveRequest, now: number): Refusal | null {
    const { buyer, quantity, payment } = request
    const { sale } = this.#pool
    const { holds, free } = this.#inventory
    const holder = buyer === undefined ? null : waitKey(buyer.person, type)
    const refusal = this.#whyNoSeats(type, holder, quantity, now)
    if (refusal !== null || payment === null) return refusal
    const isOffered = holder !== null && this.#queue.offerOf(holder) !== undefined
    return isOffered ? null : whyHoldRefused(sale, holds, request, free, now)
  }

  /** `holder`: the `waitKey` of a person; null: nobody waits for what the system sets aside. */
  #whyNoSeats(type: string, holder: string | null, quantity: number, now: number): Refusal | null {
    const offer = holder === null ? undefined : this.#queue.offerOf(holder)
    if (offer !== undefined) return quantity > offer.numbers.length ? whyMoreThan(offer.numbers.length) : null
    if (this.#queue.isQueued(type, now)) return OTHERS_WAIT
    const left = this.#queue.leftFor(type)
    return quantity > left ? this.#inventory.refuseAll(left) : null
  }

  /**
   * Whether a person may have seats of this capacity group, before the tickets are held. Without this, people who get none
   * would hold tickets for a moment that others are offered.
   */
  maySeat({ person, typePool, quantity }: SeatRequest, now: number): Outcome<{ areOffered: boolean }> {
    const holder = waitKey(person, typePool)
    const refusal = this.#pool.whyNotOnSale(now) ?? this.#whyNoSeats(typePool, holder, quantity, now)
    return refusal ?? { ok: true, areOffered: this.#queue.offerOf(holder) !== undefined }
  }

  /** Whether a late payment may have its numbers: what was freed in this moment belongs to those who wait. */
  mayRetake(holder: string, count: number, now: number): boolean {
    const type = typePoolOf(holder)
    return !this.#queue.isQueued(type, now) && count <= this.#inventory.seatTypes.roomOf(type)
  }

  /**
   * Ends the buyer's own offer: the purchase takes its numbers in the same step. What is left goes to the next. The offer
   * counts as let go until the purchase is paid, which clears all counts: else nobody need ever pay for an offer. Returns
   * the offer's `seq`; null: there was none.
   */
  takeOver({ holder, buyer }: ReserveRequest, now: number): number | null {
    const type = typePoolOf(holder)
    const offer = this.#queue.offerOf(
      type === null || buyer === undefined ? holder : waitKey(buyer.person, type),
    )
    if (offer === undefined) return null
    this.#inventory.endOffer(offer, now, true)
    return offer.seq
  }
}
