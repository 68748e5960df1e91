/**
 * Every decision about an item's numbers. The store keeps what was decided; memory holds the working state.
 *
 * It decides by the terms of sale, for raffles and ticket types alike; only a raffle has a log, a freeze and a draw.
 * Everything is synchronous, and `now` is passed in. The Durable Object commits a batch of decisions in one
 * transaction; if that fails, it drops this pool and loads a new one from the store.
 */

import { formerKey } from '../../core/idempotency.ts'
import { DAY_MS } from '../../core/time.ts'
import {
  type Attempt,
  type Cancellation,
  type ChangeOutcome,
  type Commitment,
  type ConfirmOutcome,
  type DrawnWinner,
  GRACE_MS,
  type Outcome,
  type Refusal,
  type ReserveOutcome,
  type ReserveRequest,
  type ResultAttempt,
  type Sale,
  type TransferRequest,
} from '../pool-contract.ts'
import { type SaleTerms, saleTermsOf, type Terms } from '../terms.ts'
import type { Randomness } from './allocator.ts'
import { Buying } from './buying.ts'
import { Changes, type VoidOptions } from './changes.ts'
import type { EarlyClose } from './clock.ts'
import { DrawRecord } from './draw-record.ts'
import { noTag } from './holders.ts'
import { Inventory } from './inventory.ts'
import { Offers } from './offers.ts'
import { Queue } from './queue.ts'
import { Raffle } from './raffle.ts'
import { earnedAt, NOT_CONFIGURED, NOUN, refuse, whyRequestRefused, whySalesRefused } from './refusals.ts'
import { type FoldedReservation, foldReservation } from './reservation-state.ts'
import type { PoolStore } from './store.ts'
import type { PoolRow, ReservationRow } from './tables.ts'
import { termsOfRow } from './terms-row.ts'

export class Pool {
  readonly name: string
  readonly itemId: string
  readonly termsVersion: number
  readonly terms: Terms
  readonly sale: SaleTerms
  /** Null: a ticket type. */
  readonly raffle: Raffle | null
  readonly record: DrawRecord
  readonly #store: PoolStore
  readonly #inventory: Inventory
  readonly #changes: Changes
  readonly queue: Queue
  readonly offers: Offers
  readonly buying: Buying
  /** The terms that a buyer sees. */
  readonly #price: Sale
  #early: EarlyClose | null

  /** Loads a configured pool. */
  constructor(store: PoolStore, row: PoolRow, random: Randomness, offerMs = DAY_MS) {
    this.#store = store
    this.name = row.name
    this.itemId = row.raffle_id
    this.termsVersion = row.terms_version
    this.terms = termsOfRow(row)
    this.sale = saleTermsOf(this.terms)
    const { title, organisationId, unitAmount, currency, digits, groupId } = this.sale
    this.#price = { title, organisationId, unitAmount, currency, digits, groupId }
    const { closed_at: at, close_reason: reason } = row
    this.#early = at === null || reason === null ? null : { at, reason }
    const raffle = this.terms.kind === 'raffle' ? new Raffle(store, this.terms, this.#early) : null
    this.raffle = raffle
    this.record = new DrawRecord(store, row)
    const newTag = raffle === null ? noTag : (holder: string) => raffle.newTag(holder, random.bytes)
    this.#inventory = new Inventory(this.name, store, this.sale, raffle?.log ?? null, newTag, random.below)
    this.queue = new Queue(store, this.#inventory)
    this.offers = new Offers(this, this.#inventory, this.queue, offerMs)
    this.buying = new Buying(this, this.#inventory, this.queue)
    this.#changes = new Changes(this, store, this.#inventory)
  }

  get seq(): number {
    return this.#inventory.seq
  }

  get sold(): number {
    return this.#inventory.sold
  }

  /** How many people wait for tickets. */
  get waiting(): number {
    return this.queue.list.size
  }

  get held(): number {
    return this.#inventory.holds.numbers
  }

  /** Whether anything was ever reserved: from then on a raffle's terms are fixed, and most of a ticket type's. */
  get isReserved(): boolean {
    return this.#inventory.isReserved
  }

  /** Whether the pool is committed or cancelled: its numbers never change again. */
  get isOver(): boolean {
    return this.record.commitment !== null || this.record.cancellation !== null
  }

  /** How sales ended before their time. It never changes, so that nothing reopens them. */
  get early(): EarlyClose | null {
    return this.#early
  }

  /** An early close holds even if the machine's clock is set back. */
  isClosed(now: number): boolean {
    return this.isOver || this.#early !== null || now >= this.sale.closesAt
  }

  /** The latest freeze that does not move the draw's round (ms since 1970), if the freeze is due; else null. */
  settleBy(now: number): number | null {
    const isDue = this.raffle !== null && !this.isOver && now >= this.raffle.clock.freezeAt
    return isDue ? this.raffle.lastFreezeAt : null
  }

  /** When the next freeze, expiry or offer is due, or seats are to be freed (ms since 1970); null: none. */
  nextDue(now: number): number | null {
    if (this.isOver) return null
    const next = Math.min(
      this.raffle?.freezesAt ?? Number.POSITIVE_INFINITY,
      this.#inventory.holds.nextExpiry,
      this.offers.nextDue(now) ?? Number.POSITIVE_INFINITY,
      (this.sale.groupId === null ? null : this.#store.seatsDueAt()) ?? Number.POSITIVE_INFINITY,
    )
    return Number.isFinite(next) ? next : null
  }

  // ——— Reserve, confirm, release, void ———

  /** `isSettling`: the freeze is due but waits for entries that were earned before it. */
  reserve(request: ReserveRequest, now: number, isSettling = false): ReserveOutcome {
    const { sale } = this
    if (request.itemId !== this.itemId) return NOT_CONFIGURED
    const earlier = this.#store.reservationByKey(request.holder, request.key) ?? this.#formerOf(request)
    if (earlier !== undefined) return this.#repeat(earlier, request)
    const refusal =
      whySalesRefused(
        sale,
        this.#early,
        this.record,
        isSettling ? earnedAt(sale, request, now) : now,
        request.entry,
      ) ??
      whyRequestRefused(sale, request) ??
      this.buying.whyRefused(request, now)
    if (refusal !== null) return refusal
    const { payment } = request
    const offerSeq = this.buying.takeOver(request, now)
    const numbers = this.#inventory.take(request)
    if (!Array.isArray(numbers)) return numbers
    const holdMs = payment === null ? null : Math.min(payment.holdMs, this.#longestHoldMs)
    const row = this.#inventory.reserve(request, numbers, now, holdMs, offerSeq)
    this.#closeIfSoldOut()
    // A new reservation has no changes to read.
    const { reservation } = foldReservation(this.name, row, [], [])
    return { ok: true, reservation, repeated: false, sale: this.#price }
  }

  /** The reservation of the same request from before keys of the system began with a space. */
  #formerOf({ holder, key, request }: ReserveRequest): ReservationRow | undefined {
    const former = formerKey(key)
    const row = former === null ? undefined : this.#store.reservationByKey(holder, former)
    return row?.request === request ? row : undefined
  }

  #repeat(earlier: ReservationRow, { request }: ReserveRequest): ReserveOutcome {
    if (earlier.request !== request) {
      const other = `another purchase of this ${NOUN[this.sale.kind]}`
      return refuse('idempotency_mismatch', `This Idempotency-Key was used for ${other}.`)
    }
    return { ok: true, reservation: this.fold(earlier).reservation, repeated: true, sale: this.#price }
  }

  /**
   * Called once the tickets are paid. After the hold expired, the buyer gets the same numbers if they are free; else
   * other numbers, unless they were chosen; else the payment is `lost`. Idempotent: a repeat returns the first outcome.
   * `isSettling`: the freeze is due but waits for what happened before it, which still counts. `hasSeats`: the seats of
   * the tickets are confirmed. Without them nothing changes: the caller confirms them and calls again.
   */
  confirm(seq: number, id: string, now: number, isSettling = false, hasSeats = false): ConfirmOutcome {
    const outcome = this.#changes.confirm(seq, id, now, isSettling, hasSeats)
    this.#closeIfSoldOut()
    return outcome
  }

  /**
   * Releases an unpaid reservation. `isUnpaid`: it counts against its holder, as an expiry does. Else the holder could not
   * pay, and gets back the offer that the reservation took over. Idempotent.
   */
  release(seq: number, id: string, isUnpaid: boolean, now: number): ChangeOutcome {
    return this.#changes.release(seq, id, isUnpaid, now)
  }

  /**
   * Voids tickets, those that were transferred too; `numbers` null: all of the reservation. Refused after the freeze.
   * Idempotent.
   */
  void(seq: number, id: string, numbers: number[] | null, now: number, options?: VoidOptions): ChangeOutcome {
    return this.#changes.void(seq, id, numbers, now, options)
  }

  /** Gives one number of a sold reservation to another holder. Returns the new reservation. Idempotent by its key. */
  transfer(seq: number, id: string, number: number, to: TransferRequest, now: number): ChangeOutcome {
    return this.#changes.transfer(seq, id, number, to, now)
  }

  /** Why nothing can be bought now; null: the sale is open. */
  whyNotOnSale(now: number): Refusal | null {
    return whySalesRefused(this.sale, this.#early, this.record, now)
  }

  expireHolds(now: number): void {
    this.#inventory.expireHolds(now)
  }

  /** The freeze is at least the payment span after the last sale, so a buyer's time to pay ends before it. */
  get #longestHoldMs(): number {
    return this.sale.paymentSpanSeconds * 1_000 + GRACE_MS
  }

  // ——— Close, commit, cancel ———

  /** Closes sales now, if the terms let an operator do so. Idempotent until the freeze. */
  close(now: number): Outcome<{ closedAt: number }> {
    if (this.#early?.reason === 'operator' && !this.isOver) return { ok: true, closedAt: this.#early.at }
    const refusal = whySalesRefused(this.sale, this.#early, this.record, now)
    if (refusal !== null) return refuse('invalid_state', refusal.detail)
    if (this.sale.earlyClose !== 'operator') {
      const noun = NOUN[this.sale.kind]
      return refuse('invalid_state', `The rules of this ${noun} do not allow an early close.`)
    }
    this.#closeEarly({ at: now, reason: 'operator' })
    return { ok: true, closedAt: now }
  }

  #closeIfSoldOut(): void {
    if (this.sale.earlyClose !== 'soldOut' || this.sold < this.sale.total) return
    const at = this.#inventory.lastAt
    // The last ticket may be paid after `closesAt`: then sales closed at their time.
    if (at < this.sale.closesAt && this.#early === null) this.#closeEarly({ at, reason: 'soldOut' })
  }

  #closeEarly(early: EarlyClose): void {
    this.#store.close(this.#inventory.nextSeq(), early.at, early.reason)
    this.#early = early
    this.raffle?.closeEarly(early)
  }

  /** Stores the commitment, with attempt 0 if a beacon draws. */
  commit(commitment: Commitment, first: Attempt | null): void {
    this.#inventory.releaseAllHolds(commitment.committedAt)
    this.record.commit(this.#inventory.nextSeq(), commitment, first)
  }

  addRedraw(attempt: Attempt, key: string): void {
    this.record.addRedraw(this.#inventory.nextSeq(), attempt, key)
  }

  addResult(result: ResultAttempt, winners: DrawnWinner[]): void {
    this.record.addResult(this.#inventory.nextSeq(), result, winners)
  }

  writeWinners(attempt: Attempt, winners: DrawnWinner[]): void {
    this.record.writeWinners(this.#inventory.nextSeq(), attempt, winners)
  }

  cancel(cancellation: Cancellation): void {
    this.offers.endAll(cancellation.at)
    this.#inventory.releaseAllHolds(cancellation.at)
    this.record.cancel(this.#inventory.nextSeq(), cancellation)
  }

  // ——— Read ———

  find(seq: number, id: string): FoldedReservation | undefined {
    return this.#inventory.reservations.find(seq, id)?.folded
  }

  findByKey(holder: string, key: string): FoldedReservation | undefined {
    const row = this.#store.reservationByKey(holder, key)
    return row && this.fold(row)
  }

  freeNumbers(from: number, limit: number): number[] {
    return this.#inventory.freeFrom(from, limit)
  }

  fold(row: ReservationRow): FoldedReservation {
    return this.#inventory.reservations.fold(row)
  }
}
