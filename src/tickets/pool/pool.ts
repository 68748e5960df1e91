/**
 * Every decision about an item's numbers, over the pool's store, with its working state in memory.
 *
 * It decides by the terms of the sale alone, whatever is sold; only a raffle has a log, a freeze and a draw. Synchronous
 * throughout and without a clock of its own (`now` is passed in): the Durable Object round it commits what a batch of
 * decisions wrote in one transaction, and if that fails throws this object away and loads another.
 */
import {
  type Attempt,
  type Cancellation,
  type ChangeOutcome,
  type Commitment,
  type ConfirmOutcome,
  type DrawnWinner,
  GRACE_MS,
  type Outcome,
  type ReserveOutcome,
  type ReserveRequest,
  type Sale,
} from '../pool-contract.ts'
import { type SaleTerms, saleTermsOf, type Terms } from '../terms.ts'
import type { EarlyClose } from './clock.ts'
import { DrawRecord } from './draw-record.ts'
import { noTag } from './holders.ts'
import { Inventory, type Randomness } from './inventory.ts'
import { Raffle } from './raffle.ts'
import {
  NOT_CONFIGURED,
  NOUN,
  refuse,
  whyHoldRefused,
  whyLimitReached,
  whyRequestRefused,
  whySalesRefused,
} from './refusals.ts'
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
  /** Null: nothing is drawn. */
  readonly raffle: Raffle | null
  readonly record: DrawRecord
  readonly #store: PoolStore
  readonly #inventory: Inventory
  /** What a buyer is told of the terms. */
  readonly #price: Sale
  #early: EarlyClose | null

  /** Loads a configured pool. */
  constructor(store: PoolStore, row: PoolRow, random: Randomness) {
    this.#store = store
    this.name = row.name
    this.itemId = row.raffle_id
    this.termsVersion = row.terms_version
    this.terms = termsOfRow(row)
    this.sale = saleTermsOf(this.terms)
    const { title, organisationId, unitAmount, currency } = this.sale
    this.#price = { title, organisationId, unitAmount, currency }
    const { closed_at: at, close_reason: reason } = row
    this.#early = at === null || reason === null ? null : { at, reason }
    const raffle = this.terms.kind === 'raffle' ? new Raffle(store, this.terms, this.#early) : null
    this.raffle = raffle
    this.record = new DrawRecord(store, row)
    const newTag = raffle === null ? noTag : (holder: string) => raffle.newTag(holder, random.bytes)
    this.#inventory = new Inventory(this.name, store, this.sale, raffle?.log ?? null, newTag, random.below)
  }

  get seq(): number {
    return this.#inventory.seq
  }

  get sold(): number {
    return this.#inventory.sold
  }

  get held(): number {
    return this.#inventory.holds.numbers
  }

  /** Anything was ever reserved: from then on a raffle's terms are fixed, and most of a ticket type's. */
  get isReserved(): boolean {
    return this.#inventory.isReserved
  }

  /** Committed or cancelled: the numbers never change again. */
  get isOver(): boolean {
    return this.record.commitment !== null || this.record.cancellation !== null
  }

  /** How sales were ended before their time; that is for good. */
  get early(): EarlyClose | null {
    return this.#early
  }

  /** After an early close, whatever the machine's clock does since. */
  isClosed(now: number): boolean {
    return this.isOver || this.#early !== null || now >= this.sale.closesAt
  }

  /**
   * The freeze is due, and somebody may have paid for numbers that are still held: gives the latest freeze that moves no
   * round. Null: there is nothing to wait for.
   */
  settleBy(now: number): number | null {
    const isDue = this.raffle !== null && !this.isOver && now >= this.raffle.clock.freezeAt
    return isDue && this.held > 0 ? this.raffle.lastFreezeAt : null
  }

  /** When this pool next has something to do by itself; null: never. */
  nextDue(): number | null {
    if (this.isOver) return null
    const next = Math.min(
      this.raffle?.freezesAt ?? Number.POSITIVE_INFINITY,
      this.#inventory.holds.nextExpiry,
    )
    return Number.isFinite(next) ? next : null
  }

  // ——— Reserve, confirm, release, void ———

  reserve(request: ReserveRequest, now: number): ReserveOutcome {
    const { sale } = this
    if (request.itemId !== this.itemId) return NOT_CONFIGURED
    const earlier = this.#store.reservationByKey(request.holder, request.key)
    if (earlier !== undefined) return this.#repeat(earlier, request)
    const refusal = whySalesRefused(sale, this.#early, this.record, now) ?? whyRequestRefused(sale, request)
    if (refusal !== null) return refusal
    const { holder, quantity, payment } = request
    const limit =
      whyLimitReached(sale, this.#inventory.holder(holder).owned, quantity) ??
      (payment === null ? null : whyHoldRefused(sale, this.#inventory.holds, holder, quantity, now))
    if (limit !== null) return limit
    const numbers = this.#inventory.take(request)
    if (!Array.isArray(numbers)) return numbers
    const holdMs = payment === null ? null : Math.min(payment.holdMs, this.#longestHoldMs)
    const row = this.#inventory.reserve(request, numbers, now, holdMs)
    this.#closeIfSoldOut()
    // What is new has no changes that would have to be read.
    const { reservation } = foldReservation(this.name, row, [])
    return { ok: true, reservation, repeated: false, sale: this.#price }
  }

  #repeat(earlier: ReservationRow, { request }: ReserveRequest): ReserveOutcome {
    if (earlier.request !== request) {
      const other = `another purchase of this ${NOUN[this.sale.kind]}`
      return refuse('idempotency_mismatch', `This Idempotency-Key was used for ${other}.`)
    }
    return { ok: true, reservation: this.fold(earlier).reservation, repeated: true, sale: this.#price }
  }

  /**
   * The money is there. Late money gets its numbers back, or others where the buyer did not choose, or is `lost`.
   * `isAsking`: the freeze is due, and waits for just such an answer.
   */
  confirm(seq: number, id: string, now: number, isAsking = false): ConfirmOutcome {
    const found = this.#inventory.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { row, folded } = found
    const { state } = folded.reservation
    if (folded.lost) return { ok: true, reservation: folded.reservation, lost: true }
    if (state === 'sold' || state === 'voided')
      return { ok: true, reservation: folded.reservation, lost: false }
    const isInTime = isAsking ? !this.isOver : this.#mayStillConfirm(now)
    const hold = this.#inventory.holds.get(row.seq)
    const numbers = isInTime ? (hold?.numbers ?? this.#takeAgain(row, folded)) : null
    if (numbers === null) this.#inventory.lose(row, now)
    else this.#inventory.confirm(row, numbers, now)
    this.#closeIfSoldOut()
    return { ok: true, reservation: this.fold(row).reservation, lost: numbers === null }
  }

  #takeAgain(row: ReservationRow, { reservation }: FoldedReservation): number[] | null {
    const { owned } = this.#inventory.holder(row.holder)
    if (whyLimitReached(this.sale, owned, reservation.numbers.length) !== null) return null
    return this.#inventory.takeAgain(row, this.sale.numbering !== 'chosen')
  }

  /** The buyer gives an unpaid reservation up. */
  release(seq: number, id: string, now: number): ChangeOutcome {
    const found = this.#inventory.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { state } = found.folded.reservation
    if (state !== 'held' && state !== 'released') {
      return refuse('invalid_state', `A ${state} reservation cannot be released.`)
    }
    this.#inventory.release(found.row, now)
    return { ok: true, reservation: this.fold(found.row).reservation }
  }

  /** Takes sold tickets back after a refund: all of a reservation's, or some. Not once the list is fixed. */
  void(seq: number, id: string, numbers: number[] | null, now: number): ChangeOutcome {
    const found = this.#inventory.find(seq, id)
    if (found === undefined) return NO_RESERVATION
    const { row, folded } = found
    const mine = new Set(folded.reservation.state === 'sold' ? folded.reservation.numbers : [])
    const wanted = numbers ?? folded.issued
    if (wanted.length === 0 || !wanted.every((number) => folded.issued.includes(number))) {
      return refuse('invalid_state', 'Only tickets that this reservation was issued can be voided.')
    }
    const left = [...new Set(wanted)].filter((number) => mine.has(number))
    if (left.length === 0) return { ok: true, reservation: folded.reservation }
    if (!this.#mayStillConfirm(now)) {
      const isDrawn = this.raffle !== null
      return refuse(
        'invalid_state',
        isDrawn ? 'The list of tickets is fixed for the draw.' : 'Sales are over.',
      )
    }
    this.#inventory.void(row, left, now)
    return { ok: true, reservation: this.fold(row).reservation }
  }

  /** Ends the holds whose time is over. */
  expireHolds(now: number): void {
    this.#inventory.expireHolds(now)
  }

  /** Between closing and freeze too; the clock decides, not whether the alarm was on time. */
  #mayStillConfirm(now: number): boolean {
    return !this.isOver && (this.raffle === null || now < this.raffle.clock.freezeAt)
  }

  /** However the freeze comes, it is so long after the last sale: what is to be paid in this time is paid before. */
  get #longestHoldMs(): number {
    return this.sale.paymentSpanSeconds * 1_000 + GRACE_MS
  }

  // ——— Close, commit, cancel ———

  /** Ends sales now, if the terms let an operator do so. Asked twice before the freeze, it is done once. */
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
    // A closing that comes after the promised one is none.
    if (at < this.sale.closesAt && this.#early === null) this.#closeEarly({ at, reason: 'soldOut' })
  }

  #closeEarly(early: EarlyClose): void {
    this.#store.close(this.#inventory.nextSeq(), early.at, early.reason)
    this.#early = early
    this.raffle?.closeEarly(early)
  }

  /** With attempt 0, in one go. */
  commit(commitment: Commitment, first: Attempt): void {
    this.#inventory.releaseAllHolds(commitment.committedAt)
    this.record.commit(this.#inventory.nextSeq(), commitment, first)
  }

  addRedraw(attempt: Attempt, key: string): void {
    this.record.addRedraw(this.#inventory.nextSeq(), attempt, key)
  }

  writeWinners(attempt: Attempt, winners: DrawnWinner[]): void {
    this.record.writeWinners(this.#inventory.nextSeq(), attempt, winners)
  }

  cancel(cancellation: Cancellation): void {
    this.#inventory.releaseAllHolds(cancellation.at)
    this.record.cancel(this.#inventory.nextSeq(), cancellation)
  }

  // ——— Read ———

  find(seq: number, id: string): FoldedReservation | undefined {
    return this.#inventory.find(seq, id)?.folded
  }

  freeNumbers(from: number, limit: number): number[] {
    return this.#inventory.freeFrom(from, limit)
  }

  fold(row: ReservationRow): FoldedReservation {
    return this.#inventory.fold(row)
  }
}

const NO_RESERVATION = refuse('not_found', 'No such reservation.')
