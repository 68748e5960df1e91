/** The naive model of a pool: a list of reservations, searched again for every answer. */

import {
  FIRST_PAUSE_MS,
  LONGEST_PAUSE_MS,
  MAX_UNPAID_UNITS,
  MAX_UNPROVED_UNITS,
  MIN_UNPAID_SHARE,
  UNPAID_WINDOW_MS,
} from '../../../src/core/unpaid-limits.ts'
import { ISSUED, VOIDED } from '../../../src/rdp1/log.ts'
import type { Refusal, Reservation, ReserveRequest } from '../../../src/tickets/pool-contract.ts'
import { SALES_FROM, SALES_UNTIL } from './sqlite-storage.ts'

interface Entry {
  kind: typeof ISSUED | typeof VOIDED
  number: number
  holder: string
  at: number
}

export interface Known extends Reservation {
  key: string
  request: string
  /** The issued numbers, in log order. */
  issued: number[]
  lost: boolean
  isProved: boolean
  /** When the hold ended unpaid; null: it did not, or the money came after all. */
  unpaidAt: number | null
}

/** The model's terms of sale. */
export interface OnSale {
  kind: 'raffle' | 'ticketType'
  itemId: string
  total: number
  /** 0 if an official lottery decides. */
  firstNumber: 0 | 1
  maxPerUser: number | null
  numbering: 'sequential' | 'random' | 'chosen'
  amount: number
  earlyClose: 'no' | 'soldOut' | 'operator'
  /** Only for a raffle. */
  minTickets: number
}

/** Computes what must be true from the rules alone, without knowing how the pool keeps them. */
export class Model {
  readonly sale: OnSale
  readonly made: Known[] = []
  readonly log: Entry[] = []
  closesAt = SALES_UNTIL
  closedAt: number | null = null
  over: 'committed' | 'cancelled' | null = null
  #lastAt = 0
  readonly #spanMs: number

  constructor(sale: OnSale, spanMs: number) {
    this.sale = sale
    this.#spanMs = spanMs
  }

  /** A ticket type never freezes. */
  get freezeAt(): number | null {
    return this.sale.kind === 'raffle' ? (this.closedAt ?? this.closesAt) + this.#spanMs : null
  }

  isClosed(now: number): boolean {
    return this.over !== null || now >= (this.closedAt ?? this.closesAt)
  }

  isBeforeFreeze(now: number): boolean {
    return this.over === null && now < (this.freezeAt ?? Number.POSITIVE_INFINITY)
  }

  get isFree(): boolean {
    return this.sale.amount === 0
  }

  tick(now: number): number {
    this.#lastAt = Math.max(this.#lastAt, now)
    return this.#lastAt
  }

  of(holder: string): Known[] {
    return this.made.filter((each) => each.holder === holder)
  }

  numbersIn(...states: Reservation['state'][]): number[] {
    return this.made.filter((each) => states.includes(each.state)).flatMap((each) => each.numbers)
  }

  owned(holder: string): number {
    const live = this.of(holder).filter((each) => each.state === 'held' || each.state === 'sold')
    return live.reduce((sum, each) => sum + each.numbers.length, 0)
  }

  /** How many more may be taken. Taken numbers above a lowered total count too. */
  left(): number {
    return this.sale.total - this.numbersIn('held', 'sold').length
  }

  /** The numbers that may be taken next, in order. */
  free(): Set<number> {
    const free = new Set(Array.from({ length: this.sale.total }, (_, index) => index + this.sale.firstNumber))
    for (const number of this.numbersIn('held', 'sold')) free.delete(number)
    return new Set([...free].slice(0, this.left()))
  }

  expire(now: number): void {
    for (const each of this.made) {
      if (each.state !== 'held' || each.heldUntil! > now) continue
      each.state = 'released'
      each.unpaidAt = this.tick(now)
    }
  }

  /** Until when a holder may not hold again. */
  pausedUntil(holder: string): number {
    const ends = this.of(holder).flatMap(({ unpaidAt }) => unpaidAt ?? [])
    const last = Math.max(...ends)
    const recent = ends.filter((at) => at > last - UNPAID_WINDOW_MS)
    if (recent.length < 3) return Number.NEGATIVE_INFINITY
    let pauseMs = FIRST_PAUSE_MS
    for (let more = 3; more < recent.length; more++) pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)
    return last + pauseMs
  }

  /** The numbers that are free or held. */
  get unsold(): number {
    return Math.max(0, this.left()) + this.numbersIn('held').length
  }

  /** The most that one person may hold. */
  get share(): number {
    const quarter = Math.floor(this.unsold / 4)
    return Math.min(MAX_UNPAID_UNITS, Math.max(MIN_UNPAID_SHARE, quarter))
  }

  /** How many numbers holders without a proved address hold. */
  unproved(): number {
    const theirs = this.made.filter(({ state, isProved }) => state === 'held' && !isProved)
    return theirs.reduce((sum, { numbers }) => sum + numbers.length, 0)
  }

  /** The code of the expected refusal; null: the pool must accept the request. */
  whyNot({ holder, quantity, numbers, entrant }: ReserveRequest, now: number): Refusal['code'] | null {
    const soldOutClosed = this.closedAt !== null && this.sale.earlyClose === 'soldOut'
    if (this.over === 'cancelled') return 'sales_closed'
    if (now < SALES_FROM) return 'sales_not_open'
    if (soldOutClosed) return 'sold_out'
    if (this.over !== null || now >= (this.closedAt ?? this.closesAt)) return 'sales_closed'
    const { maxPerUser } = this.sale
    if (maxPerUser !== null && this.owned(holder) + quantity > maxPerUser) return 'limit_reached'
    if (!this.isFree) {
      if (this.of(holder).some((each) => each.state === 'held')) return 'limit_reached'
      if (now < this.pausedUntil(holder)) return 'limit_reached'
      if (quantity > this.share) return 'limit_reached'
      if (!entrant.isProved) {
        if (quantity > MAX_UNPROVED_UNITS) return 'limit_reached'
        const isOverHalf = 2 * (this.unproved() + quantity) > this.unsold + 1
        if (isOverHalf && quantity <= this.left()) return 'limit_reached'
      }
    }
    const free = this.free()
    if (numbers !== null) return numbers.every((number) => free.has(number)) ? null : 'number_taken'
    return quantity <= free.size ? null : 'sold_out'
  }

  issue(to: Known, numbers: number[], at: number): void {
    to.state = 'sold'
    to.logIndex = this.sale.kind === 'raffle' ? this.log.length : null
    to.issuedAt = at
    to.numbers = numbers
    to.issued = numbers
    this.#append(ISSUED, numbers, to.holder, at)
    const soldOut = this.numbersIn('sold').length === this.sale.total
    if (soldOut && this.sale.earlyClose === 'soldOut' && this.closedAt === null && at < this.closesAt) {
      this.closedAt = at
    }
  }

  void(from: Known, numbers: number[], at: number): void {
    this.#append(VOIDED, numbers, from.holder, at)
    const left = from.numbers.filter((number) => !numbers.includes(number))
    if (left.length === 0) from.state = 'voided'
    else from.numbers = left
  }

  end(how: 'committed' | 'cancelled'): void {
    this.over = how
    for (const each of this.made) if (each.state === 'held') each.state = 'released'
  }

  #append(kind: Entry['kind'], numbers: number[], holder: string, at: number): void {
    if (this.sale.kind !== 'raffle') return
    for (const number of numbers) this.log.push({ kind, number, holder, at })
  }
}
