/**
 * The waiting list of a ticket type, and its offers. An offer is a hold that the pool makes for the first who waits, in the
 * transaction that freed its numbers. So nothing is free while somebody waits, and nobody else can take it.
 */
import { systemKey } from '../../core/idempotency.ts'
import type { JoinRequest, Outcome, Refusal, ReserveRequest, Waiting } from '../pool-contract.ts'
import type { SaleTerms } from '../terms.ts'
import type { Hold } from './holds.ts'
import type { Inventory } from './inventory.ts'
import { MAX_MISSED_OFFERS } from './missed-offers.ts'
import { refuse, whyEntrantRefused, whyHolding, whyHoldRefused, whyLimitReached } from './refusals.ts'
import type { PoolStore } from './store.ts'
import { WaitingList } from './waiting-list.ts'

export const MAX_WAITING = 10_000
/** Bounds one transaction; the alarm rings at once for the next. */
const MAX_OFFERS_A_PASS = 500

const MISSED = refuse(
  'limit_reached',
  `You have let ${MAX_MISSED_OFFERS} offers go. You can wait again once somebody has bought a ticket.`,
)

const OTHERS_WAIT = refuse(
  'sold_out',
  'Every ticket is sold, and others wait for the next ones: join the waiting list.',
)

/** The facts of the pool that decide. */
interface PoolFacts {
  itemId: string
  sale: SaleTerms
  /** Why nothing is on sale; null: the sale is open. */
  whyNotOnSale(now: number): Refusal | null
}

export class Offers {
  readonly #pool: PoolFacts
  readonly #inventory: Inventory
  readonly #offerMs: number
  readonly #list: WaitingList

  constructor(pool: PoolFacts, store: PoolStore, inventory: Inventory, offerMs: number) {
    this.#pool = pool
    this.#inventory = inventory
    this.#offerMs = offerMs
    this.#list = new WaitingList(store)
  }

  /** How many people wait. */
  get waiting(): number {
    return this.#list.size
  }

  join({ holder, entrant, quantity }: JoinRequest, now: number): Outcome<{ waiting: Waiting }> {
    const refusal = this.#whyJoinRefused({ holder, entrant, quantity }, now)
    if (refusal !== null) return refusal
    const mine = this.#list.get(holder)
    if (mine === undefined) {
      this.#list.add({ seq: this.#inventory.nextSeq(), holder, quantity, at: now })
    } else if (mine.quantity !== quantity) {
      this.#list.setQuantity(mine, quantity, this.#inventory.nextSeq())
    }
    return { ok: true, waiting: this.find(holder, now)! }
  }

  #whyJoinRefused({ holder, entrant, quantity }: Omit<JoinRequest, 'itemId'>, now: number): Refusal | null {
    const { sale } = this.#pool
    if (sale.kind === 'raffle') return refuse('invalid_state', 'A raffle has no waiting list.')
    // A ticket that comes free here may have no seat, and a seat that comes free is known to the group alone.
    if (sale.groupId !== null)
      return refuse(
        'invalid_state',
        'This ticket type shares its capacity with others, so nobody waits for it.',
      )
    const refusal = this.#pool.whyNotOnSale(now) ?? whyEntrantRefused(sale, { entrant })
    if (refusal !== null) return refusal
    if (!entrant.isProved) {
      const how = 'follow the link in the mail that we sent you, or ask for it again'
      return refuse('forbidden', `Prove your e-mail address first, because offers come by mail: ${how}.`)
    }
    if (this.#offerOf(holder) !== undefined)
      return refuse('invalid_state', 'Tickets are kept for you already: buy them, or leave the waiting list.')
    const { free } = this.#inventory
    if (this.#list.size === 0 && free > 0)
      return refuse('invalid_state', `Nobody waits, because tickets are left: ${free}. Buy them.`)
    if (this.#inventory.holds.missedOffers.of(holder) >= MAX_MISSED_OFFERS) return MISSED
    const isFull = this.#list.size >= MAX_WAITING && this.#list.get(holder) === undefined
    if (isFull) return refuse('limit_reached', `At most ${MAX_WAITING} people can wait.`)
    return whyLimitReached(sale, this.#inventory.holder(holder).owned, quantity)
  }

  /** Gives up the place, or the offer, so that the next person gets it. Idempotent. */
  leave(holder: string, now: number): void {
    if (this.#list.get(holder) !== undefined) this.#list.drop(holder, this.#inventory.nextSeq())
    const offer = this.#offerOf(holder)
    if (offer !== undefined) this.#inventory.endOffer(offer, now, true)
  }

  /** The sale is cancelled: those whose offers end with it wait again, so that they are told with the others. */
  endAll(now: number): void {
    for (const { holder, numbers } of this.#inventory.holds.offers)
      this.#list.add({ seq: this.#inventory.nextSeq(), holder, quantity: numbers.length, at: now })
  }

  /** The person's place or offer; null: the person has neither, or the sale is over. */
  find(holder: string, now: number): Waiting | null {
    if (this.#pool.whyNotOnSale(now) !== null) return null
    const offer = this.#offerOf(holder)
    if (offer !== undefined) {
      const { numbers, heldUntil } = offer
      return { state: 'offered', position: 0, quantity: numbers.length, offeredUntil: heldUntil }
    }
    const row = this.#list.get(holder)
    if (row === undefined) return null
    const position = this.#list.positionOf(holder)
    return { state: 'waiting', position, quantity: row.quantity, offeredUntil: null }
  }

  /** Offers everything that is free, in the order of joining. Call it at the end of each transaction. */
  offerFree(now: number): void {
    if (this.#list.size === 0 || this.#inventory.free === 0) return
    if (this.#pool.whyNotOnSale(now) !== null) return
    for (let left = MAX_OFFERS_A_PASS; left > 0 && this.#inventory.free > 0; left--) {
      const { first } = this.#list
      if (first === undefined) return
      this.#offerTo(first, now)
    }
  }

  #offerTo({ seq, holder, quantity }: { seq: number; holder: string; quantity: number }, now: number): void {
    const { itemId, sale } = this.#pool
    this.#list.drop(holder, this.#inventory.nextSeq())
    const room = (sale.maxPerUser ?? Number.POSITIVE_INFINITY) - this.#inventory.holder(holder).owned
    const count = Math.min(quantity, this.#inventory.free, room)
    if (count <= 0) return
    const request: ReserveRequest = {
      itemId,
      holder,
      entrant: { isProved: true, staffOf: [], isHuman: true },
      key: systemKey(`offer:${seq}`),
      request: '',
      quantity: count,
      numbers: null,
      payment: null,
      entry: 'offer',
    }
    const holdMs = Math.min(this.#offerMs, sale.closesAt - now)
    this.#inventory.reserve(request, this.#inventory.take(request) as number[], now, holdMs)
  }

  /** When offers are due without any call (ms since 1970); null: never. */
  nextDue(now: number): number | null {
    if (this.#list.size === 0 || this.#inventory.free === 0) return null
    if (this.#pool.whyNotOnSale(now) === null) return now
    return now < this.#pool.sale.opensAt ? this.#pool.sale.opensAt : null
  }

  // ——— Buying ———

  /** Whether the limits of persons and the waiting list let this person have these tickets. */
  whyRefused(request: ReserveRequest, now: number): Refusal | null {
    const { holder, quantity, payment, entry } = request
    const others = this.#list.size > 0 ? OTHERS_WAIT : null
    // Nothing limits what the system sets aside.
    if (entry === 'setAside') return others
    const { sale } = this.#pool
    const { holds, free } = this.#inventory
    const { owned } = this.#inventory.holder(holder)
    const offered = this.#offerOf(holder)?.numbers.length ?? 0
    const refusal = whyEntrantRefused(sale, request) ?? whyLimitReached(sale, owned - offered, quantity)
    if (refusal !== null) return refusal
    if (offered === 0)
      return others ?? (payment === null ? null : whyHoldRefused(sale, holds, request, free, now))
    if (quantity > offered)
      return refuse(
        'limit_reached',
        offered === 1
          ? '1 ticket is kept for you: buy it alone, or leave the waiting list.'
          : `${offered} tickets are kept for you: buy no more than those, or leave the waiting list.`,
      )
    // The person holds them already, so the limits for unpaid tickets do not count.
    return payment === null ? null : whyHolding(sale, holds, holder)
  }

  /** Ends the buyer's own offer: the purchase takes its numbers in the same step. What is left goes to the next. */
  takeOver(holder: string, now: number): void {
    const offer = this.#offerOf(holder)
    if (offer !== undefined) this.#inventory.endOffer(offer, now, false)
  }

  #offerOf(holder: string): Hold | undefined {
    return this.#inventory.holds.offerOf(holder)
  }
}
