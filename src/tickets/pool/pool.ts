/**
 * One raffle's tickets: every decision about numbers, over the pool's store, with its working state in memory.
 *
 * Synchronous throughout and without a clock of its own (`now` is passed in): the Durable Object round it commits what
 * a batch of decisions wrote in one transaction, and if that fails throws this object away and loads another.
 */
import { chainByHash, timeOf } from '../../rdp1/chains.ts'
import { toHex } from '../../rdp1/encoding.ts'
import { holderTag, SALT_BYTES } from '../../rdp1/holder-tag.ts'
import { ISSUED, saleLeafHash, VOIDED } from '../../rdp1/log.ts'
import { CHUNK_LEAVES, MerkleFrontier } from '../../rdp1/merkle.ts'
import { parseRules, type Rules } from '../../rdp1/rules.ts'
import {
  type Attempt,
  type Cancellation,
  type ChangeOutcome,
  type Commitment,
  type ConfirmOutcome,
  type DrawnWinner,
  GRACE_MS,
  type Outcome,
  type PoolState,
  type Refusal,
  type ReserveOutcome,
  type ReserveRequest,
  type Sale,
  type Terms,
} from '../pool-contract.ts'
import { Allocator, type RandomBelow } from './allocator.ts'
import { freezesAt, lastFreezeAt, type PoolClock, poolClock } from './clock.ts'
import { type Hold, Holds } from './holds.ts'
import { packNumbers, unpackNumbers } from './numbers.ts'
import {
  NOT_CONFIGURED,
  refuse,
  whyHoldRefused,
  whyLimitReached,
  whyRequestRefused,
  whySalesRefused,
} from './refusals.ts'
import { type FoldedReservation, foldReservation } from './reservation-state.ts'
import type { PoolStore, Step } from './store.ts'
import type { AttemptRow, ChangeKind, PoolRow, ReservationRow } from './tables.ts'

/** Where the pool's randomness comes from. */
export interface Randomness {
  below: RandomBelow
  bytes(count: number): Uint8Array<ArrayBuffer>
}

/** What is known of a holder: cached, and forgotten whenever something but a sale changes it. */
interface Holder {
  salt: Uint8Array<ArrayBuffer>
  tag: Uint8Array<ArrayBuffer>
  /** Numbers that are the holder's now, held ones included. */
  owned: number
}

const MAX_CACHED_HOLDERS = 20_000
const MAX_EXPIRIES_A_PASS = 5_000

const isSame = (some: Terms, other: Terms): boolean =>
  some.rules === other.rules &&
  some.paymentSpanSeconds === other.paymentSpanSeconds &&
  some.providers.join() === other.providers.join()

export class Pool {
  readonly name: string
  readonly raffleId: string
  readonly rules: Rules
  readonly #store: PoolStore
  readonly #random: Randomness
  readonly #allocator: Allocator
  readonly #log: MerkleFrontier
  readonly #holds = new Holds()
  readonly #holders = new Map<string, Holder>()
  #row: PoolRow
  #clock: PoolClock
  #seq: number
  #lastAt = 0
  #sold = 0
  /** Whether anything was ever reserved: from then on the terms stand. */
  #reserved = false
  /** Whether `changes` has rows at all: a free raffle never asks for them. */
  #changed = false

  /** Loads a configured pool by replaying what its store holds; checks on the way that no number stands twice. */
  constructor(store: PoolStore, row: PoolRow, random: Randomness) {
    this.#store = store
    this.#row = row
    this.#random = random
    this.name = row.name
    this.raffleId = row.raffle_id
    this.rules = parseRules(row.rules)
    this.#clock = this.#readClock()
    this.#allocator = new Allocator(this.rules.totalTickets, this.rules.numbering, random.below)
    this.#log = new MerkleFrontier()
    for (const { root } of store.chunks()) this.#log.appendSubtree(new Uint8Array(root), CHUNK_LEVEL)
    this.#replay()
    this.#seq = store.lastSeq()
  }

  /** The first terms of a pool, or better ones while nothing is held or sold, and sales are not over. */
  static configure(
    store: PoolStore,
    input: {
      name: string
      raffleId: string
      version: number
      terms: Terms
      pool: Pool | undefined
      now: number
    },
  ): Outcome<{ version: number }> {
    const { name, raffleId, version, terms, pool, now } = input
    if (pool !== undefined) {
      if (isSame(pool.terms, terms)) return { ok: true, version: pool.#row.terms_version }
      if (pool.#reserved) return refuse('invalid_state', 'Tickets are held or sold under the present rules.')
      // Open again, or under rules that forbid the close that was, a raffle could not be proven any more.
      if (pool.#isClosed(now)) return refuse('invalid_state', 'Sales are over.')
      if (version !== pool.#row.terms_version + 1) {
        return refuse('conflict', 'Somebody else changed this raffle a moment ago. Read it again.')
      }
    } else if (version !== 1) {
      return refuse('conflict', 'These terms are a change of ones that this pool never had.')
    }
    parseRules(terms.rules)
    store.create()
    store.configure({ name, raffleId, seq: (pool?.seq ?? 0) + 1, version, terms })
    return { ok: true, version }
  }

  get seq(): number {
    return this.#seq
  }

  get commitment(): Commitment | null {
    return this.#row.commitment === null ? null : (JSON.parse(this.#row.commitment) as Commitment)
  }

  get cancellation(): Cancellation | null {
    return this.#row.cancellation === null ? null : (JSON.parse(this.#row.cancellation) as Cancellation)
  }

  /** Committed or cancelled: the numbers never change again. */
  get isOver(): boolean {
    return this.#row.commitment !== null || this.#row.cancellation !== null
  }

  get clock(): PoolClock {
    return this.#clock
  }

  /** It may freeze now, and somebody may have paid for numbers that it holds without its having heard of it. */
  mayHaveBeenPaid(now: number): boolean {
    return !this.isOver && now >= this.#clock.freezeAt && this.#holds.numbers > 0
  }

  /** The latest freeze that moves no round. */
  get lastFreezeAt(): number {
    return lastFreezeAt(this.#clock, this.rules.leadSeconds)
  }

  get sold(): number {
    return this.#sold
  }

  get log(): { size: number; root: Uint8Array } {
    return { size: this.#log.size, root: this.#log.root() }
  }

  get #sale(): Sale {
    const { title, organisationId, ticketPrice } = this.rules
    return { title, organisationId, unitAmount: ticketPrice.amount, currency: ticketPrice.currency }
  }

  get terms(): Terms {
    const { rules, payment_span_seconds: paymentSpanSeconds, providers } = this.#row
    return { rules, paymentSpanSeconds, providers: JSON.parse(providers) as string[] }
  }

  /** When this pool next has something to do by itself; null: never. */
  nextDue(): number | null {
    if (this.isOver) return null
    return Math.min(freezesAt(this.#clock, this.rules.leadSeconds), this.#holds.nextExpiry)
  }

  state(): PoolState {
    const { size, root } = this.log
    const { commitment } = this
    return {
      pool: this.name,
      raffleId: this.raffleId,
      seq: this.#seq,
      termsVersion: this.#row.terms_version,
      terms: this.terms,
      total: this.rules.totalTickets,
      sold: this.#sold,
      held: this.#holds.numbers,
      closedAt: this.#row.closed_at,
      closeReason: this.#row.close_reason,
      freezeAt: this.#clock.freezeAt,
      effectiveDrawAt: commitment?.effectiveDrawAt ?? this.#clock.effectiveDrawAt,
      logSize: size,
      logRoot: toHex(root),
      commitment,
      cancellation: this.cancellation,
      dueAt: this.#dueAt(),
    }
  }

  // ——— Reserve, confirm, release, void ———

  reserve(request: ReserveRequest, now: number): ReserveOutcome {
    if (request.raffleId !== this.raffleId) return NOT_CONFIGURED
    const earlier = this.#store.reservationByKey(request.holder, request.key)
    if (earlier !== undefined) {
      if (earlier.request !== request.request) {
        return refuse(
          'idempotency_mismatch',
          'This Idempotency-Key was used for another purchase of this raffle.',
        )
      }
      return { ok: true, reservation: this.#fold(earlier).reservation, repeated: true, sale: this.#sale }
    }
    const refusal =
      whySalesRefused(this.#row, this.rules, this.#clock, now) ??
      whyRequestRefused(this.#row, this.rules, request)
    if (refusal !== null) return refusal
    const free = this.rules.ticketPrice.amount === 0
    const holder = this.#holder(request.holder)
    const limit =
      whyLimitReached(this.rules, holder.owned, request.quantity) ??
      (free ? null : whyHoldRefused(this.#holds, request.holder, request.quantity, now))
    if (limit !== null) return limit

    const numbers = this.#allocate(request)
    if (!Array.isArray(numbers)) return numbers
    const at = this.#tick(now)
    const row: ReservationRow = {
      seq: ++this.#seq,
      holder: request.holder,
      key: request.key,
      request: request.request,
      numbers: packNumbers(numbers),
      tag: holder.tag.buffer,
      salt: holder.salt.buffer,
      at,
      held_until: free ? null : at + Math.min(request.payment!.holdMs, this.#longestHoldMs),
      log_index: free ? this.#log.size : null,
    }
    this.#store.insertReservation(row)
    this.#reserved = true
    holder.owned += numbers.length
    if (row.held_until === null) this.#issue(numbers, holder.tag, at, row.seq)
    else
      this.#holds.add({
        seq: row.seq,
        holder: row.holder,
        numbers,
        heldUntil: row.held_until,
        tag: holder.tag,
      })
    const { reservation } = foldReservation(this.name, row, [])
    return { ok: true, reservation, repeated: false, sale: this.#sale }
  }

  /**
   * The money is there. Late money gets its numbers back, or others where the buyer did not choose, or is `lost`.
   * `isAsking`: the freeze is due, and waits for just such an answer.
   */
  confirm(seq: number, id: string, now: number, isAsking = false): ConfirmOutcome {
    const found = this.#find(seq, id)
    if (found === undefined) return refuse('not_found', 'No such reservation.')
    const { row, folded } = found
    const { state } = folded.reservation
    if (folded.lost) return { ok: true, reservation: folded.reservation, lost: true }
    if (state === 'sold' || state === 'voided')
      return { ok: true, reservation: folded.reservation, lost: false }

    const hold = this.#holds.get(row.seq)
    const isInTime = isAsking ? !this.isOver : this.#mayStillConfirm(now)
    const numbers = isInTime ? (hold?.numbers ?? this.#takeAgain(row)) : null
    if (numbers === null) {
      if (hold !== undefined) this.#endHold(hold, 'released', now)
      this.#change(row, 'lost', null, now, null)
      return { ok: true, reservation: this.#fold(row).reservation, lost: true }
    }
    if (hold !== undefined) this.#holds.drop(hold)
    const logIndex = this.#log.size
    const at = this.#change(row, 'confirmed', hold === undefined ? numbers : null, now, logIndex)
    this.#issue(numbers, new Uint8Array(row.tag), at, this.#seq)
    return { ok: true, reservation: this.#fold(row).reservation, lost: false }
  }

  /** The buyer gives an unpaid reservation up. */
  release(seq: number, id: string, now: number): ChangeOutcome {
    const found = this.#find(seq, id)
    if (found === undefined) return refuse('not_found', 'No such reservation.')
    const { row, folded } = found
    const hold = this.#holds.get(row.seq)
    if (hold === undefined && folded.reservation.state !== 'released') {
      return refuse('invalid_state', `A ${folded.reservation.state} reservation cannot be released.`)
    }
    if (hold !== undefined) this.#endHold(hold, 'released', now)
    return { ok: true, reservation: this.#fold(row).reservation }
  }

  /** Takes sold tickets back after a refund: all of a reservation's, or some. Not once the list is fixed. */
  void(seq: number, id: string, numbers: number[] | null, now: number): ChangeOutcome {
    const found = this.#find(seq, id)
    if (found === undefined) return refuse('not_found', 'No such reservation.')
    const { row, folded } = found
    const mine = new Set(folded.reservation.state === 'sold' ? folded.reservation.numbers : [])
    const wanted = numbers ?? folded.issued
    if (wanted.length === 0 || !wanted.every((number) => folded.issued.includes(number))) {
      return refuse('invalid_state', 'Only tickets that this reservation was issued can be voided.')
    }
    const left = [...new Set(wanted)].filter((number) => mine.has(number))
    if (left.length === 0) return { ok: true, reservation: folded.reservation }
    if (!this.#mayStillConfirm(now))
      return refuse('invalid_state', 'The list of tickets is fixed for the draw.')
    const at = this.#change(row, 'voided', left, now, this.#log.size)
    this.#allocator.release(left)
    this.#sold -= left.length
    this.#append(VOIDED, left, new Uint8Array(row.tag), at, this.#seq)
    this.#holders.delete(row.holder)
    return { ok: true, reservation: this.#fold(row).reservation }
  }

  /** Ends the holds whose time is over. */
  expireHolds(now: number): void {
    if (now < this.#holds.nextExpiry) return
    let ended = 0
    for (const hold of this.#holds.all()) {
      if (hold.heldUntil > now) continue
      this.#holds.rememberExpiry(hold.holder, this.#endHold(hold, 'expired', now))
      if (++ended === MAX_EXPIRIES_A_PASS) break
    }
    this.#holds.findNextExpiry()
  }

  // ——— Close, commit, cancel ———

  /** Ends sales now, if the rules let an operator do so. Asked twice before the freeze, it is done once. */
  close(now: number): Outcome<{ closedAt: number }> {
    const { closed_at: closedAt, close_reason: reason } = this.#row
    if (closedAt !== null && reason === 'operator' && !this.isOver) return { ok: true, closedAt }
    const refusal = whySalesRefused(this.#row, this.rules, this.#clock, now)
    if (refusal !== null) return refuse('invalid_state', refusal.detail)
    if (this.rules.earlyClose !== 'operator') {
      return refuse('invalid_state', 'The rules of this raffle do not allow an early close.')
    }
    this.#closeEarly(now, 'operator')
    return { ok: true, closedAt: now }
  }

  /** Writes the commitment and attempt 0 in one go. */
  commit(commitment: Commitment, first: Attempt): void {
    this.#releaseAllHolds(commitment.committedAt)
    this.#store.insertAttempt(this.#seq + 1, first, null)
    this.#store.commit(++this.#seq, commitment)
    this.#refresh()
  }

  addRedraw(record: Attempt, key: string): void {
    this.#store.insertAttempt(++this.#seq, record, key)
    this.#refresh()
  }

  writeWinners(record: Attempt, winners: DrawnWinner[]): void {
    this.#store.writeWinners(++this.#seq, record, winners)
    this.#refresh()
  }

  attempts(): AttemptRow[] {
    return this.#store.attempts()
  }

  cancel(cancellation: Cancellation): void {
    this.#releaseAllHolds(cancellation.at)
    this.#store.cancel(++this.#seq, cancellation)
    this.#refresh()
  }

  // ——— Read ———

  find(seq: number, id: string): FoldedReservation | undefined {
    return this.#find(seq, id)?.folded
  }

  freeNumbers(from: number, limit: number): number[] {
    return this.#allocator.freeFrom(from, limit)
  }

  fold(row: ReservationRow): FoldedReservation {
    return this.#fold(row)
  }

  // ——— Inside ———

  #allocate({ quantity, numbers }: ReserveRequest): number[] | Refusal {
    if (numbers !== null) {
      const taken = this.#allocator.takeChosen(numbers)
      if (taken.length === 0) return numbers
      return refuse('number_taken', `Taken already: ${taken.slice(0, 20).join(', ')}.`, taken)
    }
    const taken = this.#allocator.take(quantity)
    if (taken !== null) return taken
    const { free } = this.#allocator
    if (free === 0 && this.#holds.numbers === 0) return refuse('sold_out', 'Every ticket is sold.')
    if (free === 0) return refuse('sold_out', 'Every ticket is sold or reserved; unpaid ones may come back.')
    return refuse('sold_out', `Only ${free} left.`)
  }

  /** The numbers of an ended hold, or others where the buyer did not choose; null where that is not possible. */
  #takeAgain(row: ReservationRow): number[] | null {
    const numbers = unpackNumbers(row.numbers)
    const { maxPerUser } = this.rules
    if (maxPerUser !== null && this.#holder(row.holder).owned + numbers.length > maxPerUser) return null
    if (this.#allocator.takeChosen(numbers).length === 0) return this.#own(row, numbers)
    const others = this.rules.numbering === 'chosen' ? null : this.#allocator.take(numbers.length)
    return others === null ? null : this.#own(row, others)
  }

  #own(row: ReservationRow, numbers: number[]): number[] {
    this.#holder(row.holder).owned += numbers.length
    return numbers
  }

  /** Whatever the machine's clock does since. */
  #isClosed(now: number): boolean {
    return this.isOver || this.#row.close_reason !== null || now >= this.#clock.closesAt
  }

  /** Confirms and voids are accepted between closing and freeze; the clock decides, not whether the alarm was on time. */
  #mayStillConfirm(now: number): boolean {
    return !this.isOver && now < this.#clock.freezeAt
  }

  #issue(numbers: number[], tag: Uint8Array, at: number, seq: number): void {
    this.#sold += numbers.length
    this.#append(ISSUED, numbers, tag, at, seq)
    if (this.rules.earlyClose === 'soldOut' && this.#sold === this.rules.totalTickets)
      this.#closeEarly(at, 'soldOut')
  }

  #append(
    kind: typeof ISSUED | typeof VOIDED,
    numbers: number[],
    tag: Uint8Array,
    at: number,
    seq: number,
  ): void {
    for (const number of numbers) {
      const chunkRoot = this.#log.append(saleLeafHash(kind, number, tag, at))
      if (chunkRoot !== undefined) this.#store.insertChunk(this.#log.size / CHUNK_LEAVES - 1, chunkRoot, seq)
    }
  }

  #closeEarly(at: number, reason: 'soldOut' | 'operator'): void {
    // A closing that comes after the promised one is none.
    if (at >= this.#clock.closesAt || this.#row.close_reason !== null) return
    this.#store.close(++this.#seq, at, reason)
    this.#refresh()
  }

  #change(
    row: ReservationRow,
    kind: ChangeKind,
    numbers: number[] | null,
    now: number,
    logIndex: number | null,
  ) {
    const at = this.#tick(now)
    this.#changed = true
    this.#store.insertChange({
      seq: ++this.#seq,
      reservation: row.seq,
      kind,
      numbers: numbers === null ? null : packNumbers(numbers),
      at,
      log_index: logIndex,
    })
    return at
  }

  #endHold(hold: Hold, kind: 'released' | 'expired', now: number): number {
    const at = this.#change(this.#store.reservation(hold.seq)!, kind, null, now, null)
    this.#holds.drop(hold)
    this.#allocator.release(hold.numbers)
    this.#holders.delete(hold.holder)
    return at
  }

  #releaseAllHolds(now: number): void {
    for (const hold of [...this.#holds.all()]) this.#endHold(hold, 'released', now)
    this.#holds.findNextExpiry()
  }

  /** The pool's time never runs backwards, so that the log reads in order whatever the machine's clock does. */
  #tick(now: number): number {
    this.#lastAt = Math.max(this.#lastAt, now)
    return this.#lastAt
  }

  #holder(name: string): Holder {
    const cached = this.#holders.get(name)
    if (cached !== undefined) return cached
    let salt: Uint8Array<ArrayBuffer> | undefined
    let tag: Uint8Array<ArrayBuffer> | undefined
    let owned = 0
    for (const row of this.#store.reservationsOf(name)) {
      const { reservation } = this.#fold(row)
      if (reservation.state === 'held' || reservation.state === 'sold') owned += reservation.numbers.length
      if (row.salt === null) continue
      salt = new Uint8Array(row.salt)
      tag = new Uint8Array(row.tag)
    }
    if (salt === undefined || tag === undefined) {
      salt = this.#random.bytes(SALT_BYTES)
      tag = new Uint8Array(holderTag(this.raffleId, name, salt))
    }
    if (this.#holders.size >= MAX_CACHED_HOLDERS) this.#holders.delete(this.#holders.keys().next().value!)
    const holder = { salt, tag, owned }
    this.#holders.set(name, holder)
    return holder
  }

  #find(seq: number, id: string): { row: ReservationRow; folded: FoldedReservation } | undefined {
    const row = this.#store.reservation(seq)
    if (row === undefined) return undefined
    const folded = this.#fold(row)
    return folded.reservation.id === id ? { row, folded } : undefined
  }

  #fold(row: ReservationRow): FoldedReservation {
    return foldReservation(this.name, row, this.#changed ? this.#store.changesOf(row.seq) : [])
  }

  #refresh(): void {
    this.#row = this.#store.pool()!
    this.#clock = this.#readClock()
  }

  #readClock(): PoolClock {
    const { closed_at: at, close_reason: reason, payment_span_seconds: span } = this.#row
    return poolClock(this.rules, span, at === null || reason === null ? null : { at, reason })
  }

  /** However the freeze comes, it is so long after the last sale: what is to be paid in this time is paid before. */
  get #longestHoldMs(): number {
    return this.#row.payment_span_seconds * 1_000 + GRACE_MS
  }

  #dueAt(): number | null {
    if (this.#row.cancellation !== null) return null
    if (this.#row.commitment === null) return this.#clock.freezeAt
    const pending = this.#store.attempts().at(-1)
    if (pending === undefined || pending.winners !== null) return null
    const chain = chainByHash(this.rules.chain!)!
    return timeOf(chain, (JSON.parse(pending.record) as Attempt).round) * 1_000
  }

  #replay(): void {
    for (const step of this.#store.stepsAfter(0)) this.#replayStep(step)
    this.#holds.findNextExpiry()
  }

  #replayStep({ seq, reservation, kind, numbers, tag, at, holder, heldUntil, logIndex }: Step): void {
    this.#reserved = true
    if (kind !== null) this.#changed = true
    this.#lastAt = Math.max(this.#lastAt, at)
    const hold = this.#holds.get(reservation)
    switch (kind) {
      case null:
        this.#mustTake(numbers, seq)
        if (heldUntil === null) this.#replayEntries(ISSUED, numbers, tag, at, logIndex!)
        else this.#holds.add({ seq, holder: holder!, numbers, heldUntil, tag })
        break
      case 'confirmed':
        if (hold === undefined) this.#mustTake(numbers, seq)
        else this.#holds.drop(hold)
        this.#replayEntries(ISSUED, numbers, tag, at, logIndex!)
        break
      case 'voided':
        this.#allocator.release(numbers)
        this.#replayEntries(VOIDED, numbers, tag, at, logIndex!)
        break
      case 'expired':
        this.#holds.rememberExpiry(hold!.holder, at)
        this.#replayEndOf(hold!)
        break
      case 'released':
        this.#replayEndOf(hold!)
        break
      case 'lost':
    }
  }

  #replayEndOf(hold: Hold): void {
    this.#holds.drop(hold)
    this.#allocator.release(hold.numbers)
  }

  #mustTake(numbers: number[], seq: number): void {
    const twice = this.#allocator.takeChosen(numbers)
    if (twice.length > 0)
      throw new Error(`pool ${this.name}: numbers ${twice.join(', ')} stand twice, at ${seq}`)
  }

  /** Counts every entry, and hashes those after the last complete chunk. */
  #replayEntries(
    kind: typeof ISSUED | typeof VOIDED,
    numbers: number[],
    tag: Uint8Array,
    at: number,
    index: number,
  ) {
    this.#sold += kind === ISSUED ? numbers.length : -numbers.length
    for (let offset = Math.max(0, this.#log.size - index); offset < numbers.length; offset++) {
      this.#log.append(saleLeafHash(kind, numbers[offset]!, tag, at))
    }
  }
}

const CHUNK_LEVEL = Math.log2(CHUNK_LEAVES)
