/** A capacity group and its ticket types, without the worker: each step of a purchase is one decision of one pool, as there. */
import { newId } from '../../../src/core/ids.ts'
import { seatsUntil } from '../../../src/tickets/pool/terms-row.ts'
import type { Refusal, Reservation } from '../../../src/tickets/pool-contract.ts'
import { poolNameOf, reservationAddress } from '../../../src/tickets/reservation-id.ts'
import { seatTypeOf, waitKey } from '../../../src/tickets/seat-type.ts'
import type { TicketTypeTerms } from '../../../src/tickets/terms.ts'
import type { SeatType, Waiting } from '../../../src/tickets/waiting-contract.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { SALES_FROM, TestPool, ticketTypeTerms } from './sqlite-storage.ts'

export const HOLD_MS = 60_000
export const OFFER_MS = 86_400_000
const CLOSES_AT = SALES_FROM + 3_000 * OFFER_MS

let keys = 0

/** A purchase that is held or paid. */
export interface Purchase {
  type: string
  person: string
  reservation: Reservation
}

/** Where the process dies in the middle of a purchase or a refund; null: nowhere. */
export type Death = 'betweenPools' | null

export class Hall {
  readonly group: TestPool
  readonly groupId = newId('capacityGroup')
  readonly types = new Map<string, TestPool>()
  readonly ids = new Map<string, string>()
  now = SALES_FROM

  constructor(seats: number, capacities: Record<string, number>, changes: Partial<TicketTypeTerms> = {}) {
    const free = { unitAmount: 0, currency: 'XXX', providers: [], title: 'The hall' }
    const terms = ticketTypeTerms({ total: seats, opensAt: 0, closesAt: CLOSES_AT * 2, ...free })
    this.group = new TestPool(terms, seededRandomness(1), this.groupId)
    for (const [name, total] of Object.entries(capacities)) {
      const id = newId('ticketType')
      this.ids.set(name, id)
      this.types.set(name, new TestPool(this.#terms(total, changes), seededRandomness(2), id))
    }
  }

  #terms(total: number, changes: Partial<TicketTypeTerms> = {}): TicketTypeTerms {
    return ticketTypeTerms({ total, groupId: this.groupId, closesAt: CLOSES_AT, ...changes })
  }

  poolOf = (type: string): string => poolNameOf(this.ids.get(type)!)

  #decide = <Answer>(test: TestPool, decide: (pool: TestPool['pool']) => Answer): Answer =>
    test.decide(this.now, decide)

  // ——— Buying, as `orders/lines/pool-line.ts` does ———

  hold(type: string, person: string, quantity = 1, death: Death = null): Purchase | Refusal {
    const test = this.types.get(type)!
    const key = `k${keys++}`
    const entrant = { ...ANYONE, isProved: true }
    const payment = { holdMs: HOLD_MS, provider: 'sandbox' }
    const request = { itemId: test.pool.itemId, holder: person, entrant, key, quantity, payment }
    const reserve = (seats?: { areOffered: boolean }) =>
      this.#decide(test, (pool) =>
        pool.reserve({ ...request, request: '', numbers: null, ...(seats && { seats }) }, this.now),
      )
    const first = reserve()
    if (first.ok) throw new Error('the group was not asked')
    if (first.needsSeats !== this.groupId) return first
    const may = this.#decide(this.group, (pool) =>
      pool.buying.maySeat({ person, typePool: this.poolOf(type), quantity }, this.now),
    )
    if (!may.ok) return may
    const held = reserve({ areOffered: may.areOffered })
    if (!held.ok) return held
    if (death !== null) return { ok: false, code: 'internal', detail: 'the process died' }
    const { reservation } = held
    const { id, heldUntil, at } = reservation
    const seats = this.#decide(this.group, (pool) =>
      pool.reserve(
        {
          itemId: this.groupId,
          holder: id,
          entrant,
          key: id,
          request: '',
          quantity,
          numbers: null,
          payment: { holdMs: heldUntil! - at, provider: 'sandbox' },
          buyer: { person, order: key },
        },
        this.now,
      ),
    )
    if (seats.ok) return { type, person, reservation }
    this.#decide(test, (pool) => pool.release(reservationAddress(id).seq, id, false, this.now))
    return seats
  }

  /** Returns whether the tickets are sold: a late payment may be lost. */
  pay({ type, reservation: { id } }: Purchase): boolean {
    const seats = this.seatsOf(id)
    const confirmed = this.#decide(this.group, (pool) =>
      pool.confirm(reservationAddress(seats.id).seq, seats.id, this.now),
    )
    const test = this.types.get(type)!
    const { seq } = reservationAddress(id)
    if (!confirmed.ok) throw new Error(confirmed.detail)
    if (confirmed.lost) {
      this.#decide(test, (pool) => pool.release(seq, id, false, this.now))
      return false
    }
    const paid = this.#decide(test, (pool) => pool.confirm(seq, id, this.now, false, true))
    if (!paid.ok) throw new Error(paid.detail)
    if (paid.lost) this.#freeSeats(id)
    return !paid.lost
  }

  /** Releases what was held, as the end of an order does. `isUnpaid` false: the buyer could not pay. */
  release({ type, reservation: { id } }: Purchase, isUnpaid: boolean): void {
    const { seq } = reservationAddress(id)
    this.#decide(this.types.get(type)!, (pool) => pool.release(seq, id, isUnpaid, this.now))
    const seats = this.seatsOf(id)
    if (seats.state !== 'held') return
    const place = reservationAddress(seats.id).seq
    this.#decide(this.group, (pool) => pool.release(place, seats.id, isUnpaid, this.now))
  }

  buy(type: string, person: string, quantity = 1): Purchase {
    const held = this.hold(type, person, quantity)
    if ('ok' in held) throw new Error(held.detail)
    if (!this.pay(held)) throw new Error('lost')
    return held
  }

  seatsOf(id: string): Reservation {
    return this.group.pool.findByKey(id, id)!.reservation
  }

  /** Takes the tickets back. After a death the pool's alarm frees the seats: see `freeDueSeats`. */
  void({ type, reservation: { id } }: Purchase, death: Death = null): void {
    const { seq } = reservationAddress(id)
    this.#decide(this.types.get(type)!, (pool) => pool.void(seq, id, null, this.now))
    if (death === null) this.#freeSeats(id)
  }

  #freeSeats(id: string): void {
    const seats = this.seatsOf(id)
    this.#decide(this.group, (pool) => pool.void(reservationAddress(seats.id).seq, seats.id, null, this.now))
  }

  /** What the alarms of the ticket types do for refunds whose process died. */
  freeDueSeats(): void {
    for (const { store } of this.types.values())
      for (const { seq, seats } of store.seatsToFree(this.now + HOLD_MS, 1_000)) {
        this.#freeSeats((JSON.parse(seats) as { reservationId: string }).reservationId)
        store.deleteSeatsToFree(seq)
      }
  }

  // ——— Waiting, as `events/waiting-list/wait.ts` does ———

  join(type: string, person: string, quantity = 1, isProved = true) {
    const asked = this.askType(type, person, quantity, isProved)
    return asked.ok ? this.joinGroup(asked.group!.seatType, person, quantity) : asked
  }

  /** Whether the type lets the person wait. */
  askType(type: string, holder: string, quantity = 1, isProved = true) {
    return this.#decide(this.types.get(type)!, ({ itemId, offers }) =>
      offers.join({ itemId, holder, entrant: { ...ANYONE, isProved }, quantity }, this.now),
    )
  }

  joinGroup(seatType: SeatType, person: string, quantity = 1) {
    const holder = waitKey(person, seatType.pool)
    return this.#decide(this.group, ({ itemId, offers }) =>
      offers.join({ itemId, holder, entrant: ANYONE, quantity, seatType }, this.now),
    )
  }

  leave(type: string, person: string): void {
    this.#decide(this.group, (pool) => pool.offers.leave(waitKey(person, this.poolOf(type)), this.now))
  }

  place(type: string, person: string): Waiting | null {
    return this.group.pool.offers.find(waitKey(person, this.poolOf(type)), this.now)
  }

  // ——— Changes, as `events/ticket-types/step.ts` makes them ———

  /** Returns the refusal; null: the type has the capacity. */
  changeTotal(type: string, total: number, more: Partial<TicketTypeTerms> = {}): Refusal | null {
    return this.#change(type, this.#terms(total, more))
  }

  /** Takes the type out of the group. */
  leaveGroup(type: string): Refusal | null {
    const { groupId, ...terms } = this.types.get(type)!.pool.terms as TicketTypeTerms
    return this.#change(type, terms)
  }

  #change(type: string, terms: TicketTypeTerms): Refusal | null {
    const test = this.types.get(type)!
    const { termsVersion, terms: present, itemId } = test.pool
    const before = present as TicketTypeTerms
    const refusal = this.#keepWithin(test, terms)
    const outcome = refusal ?? test.configure(termsVersion + 1, terms, this.now)
    const [version, now] = outcome.ok ? [outcome.version, terms] : [termsVersion, before]
    if (now.groupId !== undefined)
      this.#decide(this.group, (pool) => pool.offers.setSeatType(seatTypeOf(itemId, version, now)))
    return outcome.ok ? null : outcome
  }

  #keepWithin({ pool: { itemId, termsVersion, terms } }: TestPool, wanted: TicketTypeTerms): Refusal | null {
    const present = terms as TicketTypeTerms
    const total = seatsUntil(present, wanted)
    if (total === present.total) return null
    return this.#decide(this.group, (pool) =>
      pool.offers.keepWithin({ ...seatTypeOf(itemId, termsVersion, present), total }),
    )
  }

  /** The first step of a change of the type alone. */
  keepWithin(type: string, changes: Partial<TicketTypeTerms>): Refusal | null {
    const test = this.types.get(type)!
    return this.#keepWithin(test, { ...(test.pool.terms as TicketTypeTerms), ...changes })
  }

  changeSeats(seats: number): Refusal | null {
    const { pool } = this.group
    const terms = { ...(pool.terms as TicketTypeTerms), total: seats }
    const outcome = this.group.configure(pool.termsVersion + 1, terms, this.now)
    this.#decide(this.group, () => undefined)
    return outcome.ok ? null : outcome
  }

  /** All alarms ring. */
  tick(ms: number): void {
    this.now += ms
    for (const test of [...this.types.values(), this.group]) this.#decide(test, () => undefined)
  }

  reload(): void {
    for (const test of [...this.types.values(), this.group]) test.pool = test.reload()
  }
}
