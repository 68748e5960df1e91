/**
 * The waiting list of a ticket type, and its offers. An offer is a hold that the pool makes for the first who waits, in the
 * transaction that freed its numbers. So nothing is free while somebody waits, and nobody else can take it.
 *
 * Ticket types that share seats have one list, in the pool of their capacity group: see decision 45. There a seat is free
 * while somebody waits only if each of them waits for a type that has no ticket left.
 */
import { systemKey } from '../../core/idempotency.ts'
import type { Refusal, ReserveRequest } from '../pool-contract.ts'
import { personOf, seatTypeOf, typePoolOf, waitKey } from '../seat-type.ts'
import type { SaleTerms } from '../terms.ts'
import type { JoinOutcome, JoinRequest, SeatType, Waiting } from '../waiting-contract.ts'
import type { Hold } from './holds.ts'
import type { Inventory } from './inventory.ts'
import { MAX_MISSED_OFFERS } from './missed-offers.ts'
import { unpackNumbers } from './numbers.ts'
import type { Queue } from './queue.ts'
import { refuse, whyEntrantRefused, whyLimitReached } from './refusals.ts'
import type { ReservationRow } from './tables.ts'

export const MAX_WAITING = 10_000
/** Bounds one transaction; the alarm rings at once for the next. */
const MAX_OFFERS_A_PASS = 500

const MISSED = refuse(
  'limit_reached',
  `You have let ${MAX_MISSED_OFFERS} offers go. You can wait again once somebody has bought a ticket.`,
)

const IS_CHANGING = refuse('conflict', 'This ticket type is being changed. Try again in a moment.')

/** The facts of the pool that decide. */
interface PoolFacts {
  itemId: string
  termsVersion: number
  sale: SaleTerms
  /** Why nothing is on sale; null: the sale is open. */
  whyNotOnSale(now: number): Refusal | null
}

export class Offers {
  readonly #pool: PoolFacts
  readonly #inventory: Inventory
  readonly #offerMs: number
  readonly #queue: Queue

  constructor(pool: PoolFacts, inventory: Inventory, queue: Queue, offerMs: number) {
    this.#pool = pool
    this.#inventory = inventory
    this.#offerMs = offerMs
    this.#queue = queue
  }

  /** How many people wait. */
  get waiting(): number {
    return this.#queue.list.size
  }

  // ——— Waiting ———

  /** A ticket type in a capacity group only says whether its rules let the person wait: the group has the list. */
  join(request: JoinRequest, now: number): JoinOutcome {
    const { itemId, sale, termsVersion } = this.#pool
    const refusal = this.#whyWaitRefused(request, now)
    if (refusal !== null) return refusal
    if (sale.groupId !== null) {
      const seatType = seatTypeOf(itemId, termsVersion, sale)
      return { ok: true, waiting: null, group: { id: sale.groupId, seatType } }
    }
    const { holder, quantity, seatType } = request
    if (seatType !== undefined) this.#inventory.seatTypes.learn(seatType)
    const unneeded = this.#whyNeedlessToWait(holder, now)
    if (unneeded !== null) return unneeded
    const mine = this.#queue.list.get(holder)
    if (mine === undefined) {
      this.#queue.list.add({ seq: this.#inventory.nextSeq(), holder, quantity, at: now })
    } else if (mine.quantity !== quantity) {
      this.#queue.list.setQuantity(mine, quantity, this.#inventory.nextSeq())
    }
    return { ok: true, waiting: this.find(holder, now)!, group: null }
  }

  /** Whether the rules of the sale let this person wait. */
  #whyWaitRefused({ holder, entrant, quantity }: JoinRequest, now: number): Refusal | null {
    const { sale } = this.#pool
    if (sale.kind === 'raffle') return refuse('invalid_state', 'A raffle has no waiting list.')
    const refusal = this.#pool.whyNotOnSale(now) ?? whyEntrantRefused(sale, { entrant })
    if (refusal !== null) return refusal
    if (!entrant.isProved) {
      const how = 'follow the link in the mail that we sent you, or ask for it again'
      return refuse('forbidden', `Prove your e-mail address first, because offers come by mail: ${how}.`)
    }
    return whyLimitReached(sale, this.#inventory.holder(holder).owned, quantity)
  }

  /** Whether there is nothing to wait for, or no place on the list. */
  #whyNeedlessToWait(holder: string, now: number): Refusal | null {
    const { seatTypes, holds } = this.#inventory
    const type = typePoolOf(holder)
    if (type !== null && seatTypes.get(type)?.total == null) return IS_CHANGING
    if (this.#queue.offerOf(holder) !== undefined)
      return refuse('invalid_state', 'Tickets are kept for you already: buy them, or leave the waiting list.')
    const left = this.#queue.leftFor(type)
    if (!this.#queue.isQueued(type, now) && left > 0)
      return refuse('invalid_state', `Nobody waits, because tickets are left: ${left}. Buy them.`)
    if (holds.missedOffers.of(holder) >= MAX_MISSED_OFFERS) return MISSED
    const isFull = this.#countWaiting(now) >= MAX_WAITING && this.#queue.list.get(holder) === undefined
    return isFull ? refuse('limit_reached', `At most ${MAX_WAITING} people can wait.`) : null
  }

  /** Without those who wait for a type whose sale has ended. They keep their places: the sale may be reopened. */
  #countWaiting(now: number): number {
    return this.#queue.list.countOf((type) => !this.#inventory.seatTypes.hasEnded(type, now))
  }

  /** Gives up the place, or the offer, so that the next person gets it. In a group: those of all types. Idempotent. */
  leave(holder: string, now: number): void {
    for (const each of [holder, ...this.#keysOf(holder)]) this.#leaveOne(each, now)
  }

  #keysOf(person: string): string[] {
    return [...this.#inventory.seatTypes.pools].map((type) => waitKey(person, type))
  }

  #leaveOne(holder: string, now: number): void {
    if (this.#queue.list.get(holder) !== undefined) this.#queue.list.drop(holder, this.#inventory.nextSeq())
    const offer = this.#queue.offerOf(holder)
    if (offer !== undefined) this.#inventory.endOffer(offer, now, true)
  }

  /** The sale is cancelled: those whose offers end with it wait again, so that they are told with the others. */
  endAll(now: number): void {
    for (const offer of this.#inventory.holds.offers) this.#endUnmissed(offer, now)
  }

  /** An offer that ends although its holder could still buy it. It counts as no offer let go: the holder waits again. */
  #endUnmissed(offer: Hold, now: number): void {
    const { holder, numbers } = offer
    this.#inventory.endOffer(offer, now, false)
    this.#queue.list.add({ seq: this.#inventory.nextSeq(), holder, quantity: numbers.length, at: now })
  }

  /** The organiser may end or move a sale while tickets of it are offered. Nobody could buy them. */
  #endUnsold(now: number): void {
    const { seatTypes, holds } = this.#inventory
    const isOver = this.#pool.whyNotOnSale(now) !== null
    const unsold = new Set(
      [null, ...seatTypes.pools].filter((type) => isOver || !seatTypes.isOnSale(type, now)),
    )
    if (unsold.size === 0) return
    for (const offer of holds.offers) if (unsold.has(typePoolOf(offer.holder))) this.#endUnmissed(offer, now)
  }

  /** The person's place or offer; null: the person has neither, or the sale is over. */
  find(holder: string, now: number): Waiting | null {
    const isOnSale = this.#inventory.seatTypes.isOnSale(typePoolOf(holder), now)
    if (!isOnSale || this.#pool.whyNotOnSale(now) !== null) return null
    const offer = this.#queue.offerOf(holder)
    if (offer !== undefined) {
      const { numbers, heldUntil } = offer
      const offeredUntil = Math.min(heldUntil, this.#closesAt(typePoolOf(holder)))
      return { state: 'offered', position: 0, quantity: numbers.length, offeredUntil }
    }
    const row = this.#queue.list.get(holder)
    if (row === undefined) return null
    const { seatTypes } = this.#inventory
    const position = this.#queue.list.positionOf(holder, (type) => !seatTypes.hasEnded(type, now))
    return { state: 'waiting', position, quantity: row.quantity, offeredUntil: null }
  }

  /**
   * Offers everything that is free, in the order of joining. Call it at the end of each transaction. Who waits for a type
   * that has no ticket left keeps the place.
   */
  offerFree(now: number): void {
    this.#endUnsold(now)
    if (this.#queue.list.size === 0 || this.#inventory.free === 0) return
    if (this.#pool.whyNotOnSale(now) !== null) return
    for (let left = MAX_OFFERS_A_PASS; left > 0 && this.#inventory.free > 0; left--) {
      const next = this.#queue.next(now)
      if (next === undefined) return
      this.#offerTo(next, now)
    }
  }

  #offerTo({ seq, holder, quantity }: { seq: number; holder: string; quantity: number }, now: number): void {
    const { sale } = this.#pool
    this.#queue.list.drop(holder, this.#inventory.nextSeq())
    const room = (sale.maxPerUser ?? Number.POSITIVE_INFINITY) - this.#inventory.holder(holder).owned
    const type = typePoolOf(holder)
    const count = Math.min(quantity, this.#queue.leftFor(type), room)
    if (count > 0)
      this.#hold({ seq, holder, count }, now, Math.min(this.#offerMs, this.#closesAt(type) - now))
  }

  /** `seq`: of the place on the list, or of the purchase that ended. So each offer has a key of its own. */
  #hold(
    { seq, holder, count }: { seq: number; holder: string; count: number },
    now: number,
    holdMs: number,
    offerSeq: number | null = null,
  ): void {
    const request: ReserveRequest = {
      itemId: this.#pool.itemId,
      holder,
      entrant: { isProved: true, staffOf: [], isHuman: true },
      key: systemKey(`offer:${seq}`),
      request: '',
      quantity: count,
      numbers: null,
      payment: null,
      entry: 'offer',
    }
    this.#inventory.reserve(request, this.#inventory.take(request) as number[], now, holdMs, offerSeq)
  }

  /**
   * Makes the offer again that a purchase took over, for what the purchase had and until the offer's own end. Called once
   * the purchase is released because its buyer could not pay: the order was refused, or no payment was started.
   */
  makeAgain({ seq, numbers, offer_seq: offerSeq }: ReservationRow, now: number): void {
    if (offerSeq === null) return
    const { holder, held_until: until } = this.#inventory.reservations.row(offerSeq)
    const { missedOffers } = this.#inventory.holds
    const count = Math.min(unpackNumbers(numbers).length, this.#queue.leftFor(typePoolOf(holder)))
    const holdMs = until! - Math.max(now, this.#inventory.lastAt)
    // The person may have been offered others in the meantime.
    if (count <= 0 || holdMs <= 0 || this.#queue.offerOf(holder) !== undefined) return
    if (this.#queue.list.get(holder) !== undefined) this.#queue.list.drop(holder, this.#inventory.nextSeq())
    missedOffers.forgive(holder)
    this.#hold({ seq, holder, count }, now, holdMs, offerSeq)
  }

  #closesAt(type: string | null): number {
    return Math.min(this.#pool.sale.closesAt, this.#inventory.seatTypes.saleOf(type).closesAt)
  }

  /** When offers are due, or end before their time, without any call (ms since 1970); null: never. */
  nextDue(now: number): number | null {
    const due = Math.min(this.#nextOffer(now) ?? Number.POSITIVE_INFINITY, this.#nextEarlyEnd(now))
    return Number.isFinite(due) ? due : null
  }

  /** When the first sale closes before an offer of it ends (ms since 1970); infinite: none does. */
  #nextEarlyEnd(now: number): number {
    const { seatTypes, holds } = this.#inventory
    // No offer lasts longer than `#offerMs`, so most pools need not look at each.
    const closing = [null, ...seatTypes.pools].filter((type) => this.#closesAt(type) < now + this.#offerMs)
    if (closing.length === 0) return Number.POSITIVE_INFINITY
    const early = [...holds.offers]
      .map(({ holder, heldUntil }) => ({ heldUntil, closesAt: this.#closesAt(typePoolOf(holder)) }))
      .filter(({ heldUntil, closesAt }) => closesAt < heldUntil)
    return Math.max(now, Math.min(...early.map(({ closesAt }) => closesAt)))
  }

  /** When the next offer is due (ms since 1970); null: none is. */
  #nextOffer(now: number): number | null {
    if (this.#queue.list.size === 0 || this.#inventory.free === 0) return null
    const { opensAt } = this.#pool.sale
    if (this.#pool.whyNotOnSale(now) !== null) return now < opensAt ? opensAt : null
    const { seatTypes } = this.#inventory
    const due = [...this.#queue.list.types]
      .filter((type) => this.#queue.leftFor(type) > 0 && now < seatTypes.saleOf(type).closesAt)
      .map((type) => Math.max(now, seatTypes.saleOf(type).opensAt))
    return due.length === 0 ? null : Math.min(...due)
  }

  // ——— The ticket types of a capacity group ———

  /** The terms that a ticket type has now. */
  setSeatType(seatType: SeatType): void {
    this.#inventory.seatTypes.set(seatType)
  }

  /** Before a ticket type gets new terms: see `SeatTypes.keepWithin`. */
  keepWithin(seatType: SeatType): Refusal | null {
    return this.#inventory.seatTypes.keepWithin(seatType, this.#queue.list.sizeOf(seatType.pool))
  }

  /** The ticket type that a holder waits for or is offered, for the mail; undefined: not in a group. */
  seatTypeOfHolder(holder: string) {
    const type = typePoolOf(holder)
    const row = type === null ? undefined : this.#inventory.seatTypes.get(type)
    return row && { person: personOf(holder), ticketTypeId: row.item_id, title: row.title }
  }
}
