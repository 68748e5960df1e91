// The pool against a naive reading of its rules: a list of reservations, looked through anew for every answer.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../../../src/core/native-crypto.ts'
import { fromHex, toHex } from '../../../src/rdp1/encoding.ts'
import { holderTag } from '../../../src/rdp1/holder-tag.ts'
import { ISSUED, LOG_CSV_HEADER, logRoot, parseLogCsv, saleLeafHash, VOIDED } from '../../../src/rdp1/log.ts'
import { treeRoot, verifyInclusion } from '../../../src/rdp1/merkle.ts'
import type { Rules } from '../../../src/rdp1/rules.ts'
import { nextBatch } from '../../../src/tickets/object/projection.ts'
import { buildList, freeze } from '../../../src/tickets/pool/draw.ts'
import { issuedTickets, logSlice } from '../../../src/tickets/pool/files.ts'
import type { Pool } from '../../../src/tickets/pool/pool.ts'
import {
  EXPIRIES_BEFORE_PAUSE,
  EXPIRY_WINDOW_MS,
  GRACE_MS,
  MAX_HELD_A_HOLDER,
  type Refusal,
  type Reservation,
  type ReserveRequest,
} from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import { seededRandomness } from '../seeded-random.ts'
import { SALES_FROM, SALES_UNTIL, TestPool, termsOf } from './sqlite-storage.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
const HOLD_MS = 600_000
const SPAN_SECONDS = 900

// ——— The naive reading ———

interface Entry {
  kind: typeof ISSUED | typeof VOIDED
  number: number
  holder: string
  at: number
}

interface Known extends Reservation {
  key: string
  request: string
  /** As issued, in log order. */
  issued: number[]
  lost: boolean
}

/** Says what must be true; knows the rules, and nothing of how the pool keeps them. */
class Model {
  readonly rules: Rules
  readonly made: Known[] = []
  readonly log: Entry[] = []
  readonly expiries = new Map<string, number[]>()
  closedAt: number | null = null
  over: 'committed' | 'cancelled' | null = null
  #lastAt = 0
  readonly #spanMs: number

  constructor(rules: Rules, spanMs: number) {
    this.rules = rules
    this.#spanMs = spanMs
  }

  get freezeAt(): number {
    return (this.closedAt ?? SALES_UNTIL) + this.#spanMs
  }

  get isFree(): boolean {
    return this.rules.ticketPrice.amount === 0
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

  free(): Set<number> {
    const free = new Set(Array.from({ length: this.rules.totalTickets }, (_, index) => index + 1))
    for (const number of this.numbersIn('held', 'sold')) free.delete(number)
    return free
  }

  expire(now: number): void {
    for (const each of this.made) {
      if (each.state !== 'held' || each.heldUntil! > now) continue
      each.state = 'released'
      const at = this.tick(now)
      this.expiries.set(each.holder, [...(this.expiries.get(each.holder) ?? []), at])
    }
  }

  /** The code of the refusal that a request must meet; null if it must be granted. */
  whyNot({ holder, quantity, numbers }: ReserveRequest, now: number): Refusal['code'] | null {
    const soldOutClosed = this.closedAt !== null && this.rules.earlyClose === 'soldOut'
    if (this.over === 'cancelled') return 'sales_closed'
    if (now < SALES_FROM) return 'sales_not_open'
    if (soldOutClosed) return 'sold_out'
    if (this.over !== null || now >= (this.closedAt ?? SALES_UNTIL)) return 'sales_closed'
    const { maxPerUser } = this.rules
    if (maxPerUser !== null && this.owned(holder) + quantity > maxPerUser) return 'limit_reached'
    if (!this.isFree) {
      if (quantity > MAX_HELD_A_HOLDER) return 'limit_reached'
      if (this.of(holder).some((each) => each.state === 'held')) return 'limit_reached'
      const last = (this.expiries.get(holder) ?? []).at(-1) ?? Number.NEGATIVE_INFINITY
      const recent = (this.expiries.get(holder) ?? []).filter((at) => at > last - EXPIRY_WINDOW_MS)
      if (recent.length >= EXPIRIES_BEFORE_PAUSE && now < last + EXPIRY_WINDOW_MS) return 'limit_reached'
    }
    const free = this.free()
    if (numbers !== null) return numbers.every((number) => free.has(number)) ? null : 'number_taken'
    return quantity <= free.size ? null : 'sold_out'
  }

  issue(to: Known, numbers: number[], at: number): void {
    to.state = 'sold'
    to.logIndex = this.log.length
    to.issuedAt = at
    to.numbers = numbers
    to.issued = numbers
    for (const number of numbers) this.log.push({ kind: ISSUED, number, holder: to.holder, at })
    const soldOut = this.numbersIn('sold').length === this.rules.totalTickets
    if (soldOut && this.rules.earlyClose === 'soldOut' && this.closedAt === null && at < SALES_UNTIL) {
      this.closedAt = at
    }
  }

  void(from: Known, numbers: number[], at: number): void {
    for (const number of numbers) this.log.push({ kind: VOIDED, number, holder: from.holder, at })
    const left = from.numbers.filter((number) => !numbers.includes(number))
    if (left.length === 0) from.state = 'voided'
    else from.numbers = left
  }
}

// ——— What is done, at random ———

const MINUTE_MS = 60_000
const holders = fc.constantFrom('amina', 'brian', 'chebet', 'diana')
const action = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('reserve' as const),
      holder: holders,
      size: fc.nat(),
      picks: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 6 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('repeat' as const), which: fc.nat(), other: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('confirm' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), which: fc.nat() }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('void' as const), which: fc.nat(), part: fc.boolean() }),
  },
  {
    weight: 3,
    // Now and then the machine's clock is set back.
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(
        fc.integer({ min: 0, max: 5_000 }),
        fc.integer({ min: 0, max: 20 * MINUTE_MS }),
        fc.integer({ min: -3 * MINUTE_MS, max: 0 }),
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('reload' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail' as const), holder: holders }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'wait until closing' as const, 'advance' as const),
      seldom: fc.nat(9),
    }),
  },
)
type Action = typeof action extends fc.Arbitrary<infer Value> ? Value : never

const raffles = fc.record({
  totalTickets: fc.integer({ min: 1, max: 80 }),
  maxPerUser: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
  numbering: fc.constantFrom('sequential' as const, 'random' as const, 'chosen' as const),
  amount: fc.constantFrom(0, 500),
  earlyClose: fc.constantFrom('no' as const, 'soldOut' as const, 'operator' as const),
  minTickets: fc.integer({ min: 0, max: 3 }),
})

/** Plays a sequence of actions to the pool and to the model, comparing every answer. */
class Play {
  readonly test: TestPool
  readonly model: Model
  readonly maxQuantity: number
  now = SALES_FROM - 1_000
  #keys = 0

  constructor(changes: Partial<Rules>, seed: number, maxQuantity: number) {
    const span = changes.ticketPrice!.amount > 0 ? SPAN_SECONDS : 0
    this.test = new TestPool(termsOf(changes, span), seededRandomness(seed))
    this.model = new Model(this.pool.rules, span * 1_000)
    this.maxQuantity = maxQuantity
  }

  get pool(): Pool {
    return this.test.pool
  }

  act(step: Action): void {
    const { model } = this
    if (!('ms' in step)) this.settle()
    switch (step.do) {
      case 'reserve':
        this.reserve(step.holder, step.size, step.picks)
        break
      case 'repeat':
        this.repeat(step.which, step.other)
        break
      case 'confirm':
        this.#withKnown(step.which, (known) => this.confirm(known))
        break
      case 'release':
        this.#withKnown(step.which, (known) => this.release(known))
        break
      case 'void':
        this.#withKnown(step.which, (known) => this.void(known, step.part))
        break
      case 'wait':
        this.now += step.ms
        break
      case 'reload':
        this.test.pool = this.test.reload()
        break
      case 'fail':
        this.fail(step.holder)
        break
      case 'close':
        if (step.seldom === 0) this.close()
        break
      case 'wait until closing':
        if (step.seldom === 0) this.now = Math.max(this.now, model.closedAt ?? SALES_UNTIL)
        break
      case 'advance':
        this.advance()
    }
  }

  /** Ends the holds that are over by now, as every commit does first. */
  settle(): void {
    this.test.decide(this.now, () => {})
    this.model.expire(this.now)
  }

  request(holder: string, size: number, picks: readonly number[]): ReserveRequest {
    const chosen = this.model.rules.numbering === 'chosen'
    const numbers = chosen
      ? [...new Set(picks.map((pick) => (pick % this.model.rules.totalTickets) + 1))]
      : null
    const quantity = numbers?.length ?? (size % this.maxQuantity) + 1
    const key = `key-${++this.#keys}`
    const request = `${quantity}:${numbers}`
    const payment = this.model.isFree ? null : { holdMs: HOLD_MS, provider: 'sandbox' }
    return { raffleId: this.model.rules.id, holder, key, request, quantity, numbers, payment }
  }

  reserve(holder: string, size: number, picks: readonly number[]): void {
    const { model } = this
    const request = this.request(holder, size, picks)
    const refusal = model.whyNot(request, this.now)
    const before = model.free()
    const outcome = this.test.decide(this.now, (pool) => pool.reserve(request, this.now))
    expect(outcome.ok ? null : outcome.code).toBe(refusal)
    if (!outcome.ok) {
      if (refusal === 'number_taken') {
        expect(outcome.numbers).toEqual(request.numbers!.filter((number) => !before.has(number)))
      }
      return
    }
    const { reservation } = outcome
    const { numbers } = reservation
    const at = model.tick(this.now)
    expect(numbers).toHaveLength(request.quantity)
    expect(numbers.every((number) => before.has(number))).toBe(true)
    if (request.numbers !== null) expect(numbers).toEqual(request.numbers)
    if (model.rules.numbering === 'sequential') expect(numbers).toEqual([...before].slice(0, numbers.length))
    const known: Known = {
      ...reservation,
      numbers,
      key: request.key,
      request: request.request,
      state: model.isFree ? 'sold' : 'held',
      at,
      heldUntil: model.isFree ? null : at + HOLD_MS,
      issuedAt: null,
      logIndex: null,
      issued: [],
      lost: false,
    }
    model.made.push(known)
    if (model.isFree) model.issue(known, numbers, at)
    this.#expectAs(known, reservation)
  }

  /** The same key again: the same reservation, or a mismatch; never new numbers. */
  repeat(which: number, other: boolean): void {
    this.#withKnown(which, (known) => {
      const request: ReserveRequest = {
        raffleId: this.model.rules.id,
        holder: known.holder,
        key: known.key,
        request: other ? 'another' : known.request,
        quantity: 1,
        numbers: null,
        payment: { holdMs: HOLD_MS, provider: 'sandbox' },
      }
      const outcome = this.test.decide(this.now, (pool) => pool.reserve(request, this.now))
      if (other) expect(outcome).toMatchObject({ ok: false, code: 'idempotency_mismatch' })
      else if (outcome.ok) this.#expectAs(known, outcome.reservation)
      else expect(outcome).toBe('the same reservation')
    })
  }

  confirm(known: Known): void {
    const { model } = this
    const { seq } = reservationAddress(known.id)
    const free = model.free()
    const outcome = this.test.decide(this.now, (pool) => pool.confirm(seq, known.id, this.now))
    if (!outcome.ok) throw new Error(outcome.detail)
    const { reservation, lost } = outcome
    if (!known.lost && (known.state === 'held' || known.state === 'released')) {
      const late = known.state === 'released'
      const { maxPerUser, numbering } = model.rules
      const own = known.numbers.every((number) => free.has(number))
      const others = numbering !== 'chosen' && free.size >= known.numbers.length
      const within = maxPerUser === null || model.owned(known.holder) + known.numbers.length <= maxPerUser
      const given =
        model.over === null && this.now < model.freezeAt && (late ? within && (own || others) : true)
      expect(!lost, 'lost only when it must be').toBe(given)
      const at = model.tick(this.now)
      if (given) {
        if (!late || own) expect(reservation.numbers).toEqual(known.numbers)
        else expect(reservation.numbers.every((number) => free.has(number))).toBe(true)
        model.issue(known, reservation.numbers, at)
      } else {
        known.lost = true
        known.state = 'released'
      }
    }
    expect(lost).toBe(known.lost)
    this.#expectAs(known, reservation)
  }

  release(known: Known): void {
    const { seq } = reservationAddress(known.id)
    const outcome = this.test.decide(this.now, (pool) => pool.release(seq, known.id, this.now))
    expect(outcome.ok).toBe(known.state === 'held' || known.state === 'released')
    if (!outcome.ok) return
    if (known.state === 'held') this.model.tick(this.now)
    known.state = 'released'
    this.#expectAs(known, outcome.reservation)
  }

  void(known: Known, part: boolean): void {
    const { model } = this
    const { seq } = reservationAddress(known.id)
    const wanted = part ? known.issued.slice(0, Math.ceil(known.issued.length / 2)) : null
    const outcome = this.test.decide(this.now, (pool) => pool.void(seq, known.id, wanted, this.now))
    const live =
      known.state === 'sold' ? (wanted ?? known.issued).filter((n) => known.numbers.includes(n)) : []
    const may =
      known.issued.length > 0 && (live.length === 0 || (model.over === null && this.now < model.freezeAt))
    expect(outcome.ok).toBe(may)
    if (!outcome.ok) return
    if (live.length > 0) model.void(known, live, model.tick(this.now))
    this.#expectAs(known, outcome.reservation)
  }

  /** A transaction that did something and then failed: as if nothing had been asked. */
  fail(holder: string): void {
    const before = snapshot(this.pool)
    expect(() =>
      this.test.decide(this.now, (pool) => {
        pool.reserve(this.request(holder, 2, [1, 2]), this.now)
        const last = this.model.made.at(-1)
        if (last !== undefined) pool.confirm(reservationAddress(last.id).seq, last.id, this.now)
        throw new Error('the disk is full')
      }),
    ).toThrow('the disk is full')
    expect(snapshot(this.pool)).toEqual(before)
  }

  close(): void {
    const { model } = this
    const outcome = this.test.decide(this.now, (pool) => pool.close(this.now))
    const open = model.over === null && this.now >= SALES_FROM && this.now < SALES_UNTIL
    const may =
      model.rules.earlyClose === 'operator' && model.over === null && (model.closedAt !== null || open)
    expect(outcome.ok).toBe(may)
    if (may) model.closedAt ??= this.now
  }

  advance(): void {
    const { model } = this
    this.test.decide(this.now, (pool) => freeze(pool, this.test.store, KEY, this.now))
    if (model.over === null && this.now >= model.freezeAt) {
      const sold = model.numbersIn('sold').length
      model.over = sold < model.rules.minTickets ? 'cancelled' : 'committed'
      for (const each of model.made) if (each.state === 'held') each.state = 'released'
    }
    const { commitment, cancellation } = this.pool
    expect([commitment !== null, cancellation !== null]).toEqual([
      model.over === 'committed',
      model.over === 'cancelled',
    ])
  }

  /** Everything that must be true at any moment. */
  check(): void {
    const { model, pool } = this
    const { total, sold, held, logSize, logRoot, closedAt, freezeAt } = pool.state()
    const live = model.numbersIn('held', 'sold')
    expect(new Set(live).size, 'no number twice').toBe(live.length)
    expect({ sold, held, logSize, closedAt, freezeAt }).toEqual({
      sold: model.numbersIn('sold').length,
      held: model.numbersIn('held').length,
      logSize: model.log.length,
      closedAt: model.closedAt,
      freezeAt: model.freezeAt,
    })
    expect(pool.freeNumbers(1, total)).toEqual([...model.free()])
    expect(logRoot, 'the log’s root').toBe(toHex(treeRoot(this.leaves())))
    for (const holder of new Set(model.made.map((each) => each.holder))) {
      const { maxPerUser } = model.rules
      if (maxPerUser !== null) expect(model.owned(holder)).toBeLessThanOrEqual(maxPerUser)
      const unpaid = model.of(holder).filter((each) => each.state === 'held')
      expect(unpaid.length).toBeLessThanOrEqual(1)
      expect(unpaid.flatMap((each) => each.numbers).length).toBeLessThanOrEqual(MAX_HELD_A_HOLDER)
    }
  }

  /** What takes longer: everything in its store, and nothing that is not. */
  checkStored(): void {
    const { model, pool } = this
    this.settle()
    const reloaded = this.test.reload()
    expect(snapshot(reloaded)).toEqual(snapshot(pool))
    // An alarm may ring too early, when what it was set for is gone; too late it never rings.
    if (model.over === null) expect(pool.nextDue()).toBeLessThanOrEqual(reloaded.nextDue()!)
    for (const known of model.made)
      this.#expectAs(known, pool.find(reservationAddress(known.id).seq, known.id)!.reservation)
    this.checkReceipts()
    const list = buildList(this.test.store, model.rules.totalTickets)
    expect([...list.numbers]).toEqual(model.numbersIn('sold').sort((a, b) => a - b))
    this.checkProjection()
  }

  checkReceipts(): void {
    const { model, pool, test } = this
    const leaves = this.leaves()
    for (const known of model.made.filter((each) => each.state === 'sold')) {
      const receipt = issuedTickets(pool, test.store, reservationAddress(known.id).seq, known.id)
      if (!receipt.ok) throw new Error(receipt.detail)
      const { log, tickets, salt } = receipt.issued
      const tag = holderTag(model.rules.id, known.holder, fromHex(salt!))
      expect(tickets.map((ticket) => ticket.number)).toEqual(known.numbers)
      for (const { number, logIndex, unixMs, path } of tickets) {
        const leaf = saleLeafHash(ISSUED, number, tag, unixMs)
        expect(toHex(leaf)).toBe(toHex(leaves[logIndex]!))
        const siblings = path.map((each) => fromHex(each))
        expect(verifyInclusion(leaf, logIndex, log.size, siblings, fromHex(log.root))).toBe(true)
      }
    }
  }

  /** Told in batches, from any point on, the last word about each reservation is what it is now. */
  checkProjection(): void {
    const { pool, test, model } = this
    const told = new Map<string, Reservation>()
    for (let watermark = 0, batches = 0; watermark < pool.seq; batches++) {
      const batch = nextBatch(pool, test.store, watermark)
      expect(batch.upTo).toBeGreaterThan(watermark)
      for (const { seq, ...reservation } of batch.reservations) told.set(reservation.id, reservation)
      watermark = batch.upTo
      expect(batches).toBeLessThan(1_000)
    }
    expect(told.size).toBe(model.made.length)
    for (const known of model.made) this.#expectAs(known, told.get(known.id)!)
  }

  /** The leaves of the log as anybody would make them from its rows. */
  leaves(): Uint8Array[] {
    const tags = new Map<string, Uint8Array>()
    for (const { holder } of this.model.log) {
      if (tags.has(holder)) continue
      const [row] = [...this.test.store.reservationsOf(holder)]
      tags.set(holder, holderTag(this.model.rules.id, holder, new Uint8Array(row!.salt!)))
    }
    return this.model.log.map(({ kind, number, holder, at }) =>
      saleLeafHash(kind, number, tags.get(holder)!, at),
    )
  }

  #withKnown(which: number, then: (known: Known) => void): void {
    const { made } = this.model
    if (made.length > 0) then(made[which % made.length]!)
  }

  #expectAs(known: Known, reservation: Reservation): void {
    const { key, request, issued, lost, ...expected } = known
    expect(reservation).toEqual(expected)
  }
}

/** All that can be seen of a pool. */
const snapshot = (pool: Pool) => ({
  state: pool.state(),
  free: pool.freeNumbers(1, 1_000_000),
})

// ——— The promises ———

/** Much more than it takes, for a machine that does other things too. */
const TIMEOUT_MS = 60_000

describe('a pool', () => {
  it('keeps its rules through any sequence of reservations, payments, releases, voids, expiries and restarts', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        raffles,
        fc.nat(),
        fc.array(action, { minLength: 20, maxLength: 90 }),
        ({ amount, ...changes }, seed, actions) => {
          const price = { ticketPrice: { amount, currency: 'KES' } }
          const play = new Play({ ...changes, ...price }, seed, 55)
          for (const step of actions) {
            play.act(step)
            if (step.do !== 'wait') play.check()
          }
          play.checkStored()
        },
      ),
      { numRuns: 80 },
    )
  })

  it.each([
    ['sales end as they should', SALES_UNTIL - 1, SALES_UNTIL + SPAN_SECONDS * 1_000],
    ['an operator ends them in that millisecond', SALES_FROM, SALES_FROM + SPAN_SECONDS * 1_000],
  ])('holds numbers no longer than can be paid before the freeze, where %s', (_when, now, freezeAt) => {
    const rules = { ticketPrice: { amount: 500, currency: 'KES' }, earlyClose: 'operator' } as const
    const test = new TestPool(termsOf(rules, SPAN_SECONDS), seededRandomness(1))
    const outcome = test.decide(now, (pool) =>
      pool.reserve(
        {
          raffleId: pool.raffleId,
          holder: 'user_1',
          key: 'once',
          request: '',
          quantity: 1,
          numbers: null,
          payment: { holdMs: 86_400_000, provider: 'sandbox' },
        },
        now,
      ),
    )
    if (!outcome.ok) throw new Error(outcome.detail)
    if (now === SALES_FROM) test.decide(now, (pool) => pool.close(now))
    expect(test.pool.state().freezeAt).toBe(freezeAt)
    expect(outcome.reservation.heldUntil).toBe(now + SPAN_SECONDS * 1_000 + GRACE_MS)
    expect(outcome.reservation.heldUntil! - GRACE_MS).toBeLessThanOrEqual(freezeAt)
  })

  it('proves every ticket of a log that spans several chunks, also after a restart', {
    timeout: TIMEOUT_MS,
  }, () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom('sequential' as const, 'random' as const),
        fc.array(action, { minLength: 25, maxLength: 40 }),
        (seed, numbering, actions) => {
          const play = new Play(
            { totalTickets: 8_000, numbering, ticketPrice: { amount: 0, currency: 'KES' } },
            seed,
            1_000,
          )
          play.now = SALES_FROM
          for (const step of actions) play.act(step)
          play.check()
          play.checkStored()
        },
      ),
      { numRuns: 2 },
    )
  })

  it('tells D1 of many large changes in statements that D1 takes', () => {
    const now = SALES_FROM
    const { test, ids } = soldByThousands(80, now)
    const before = test.pool.seq
    for (const id of ids) {
      const first = test.pool.find(reservationAddress(id).seq, id)!.issued.slice(0, 1)
      test.decide(now, (pool) => pool.void(reservationAddress(id).seq, id, first, now))
    }
    // A value of two megabytes is too long for D1, and it would be tried again for ever.
    for (let watermark = before; watermark < test.pool.seq; ) {
      const batch = nextBatch(test.pool, test.store, watermark)
      expect(JSON.stringify(batch.reservations).length).toBeLessThan(300_000)
      watermark = batch.upTo
    }
  })

  it('gives its log out in slices of whole events, none longer than the longest event can be', () => {
    const now = SALES_FROM
    const { test, ids } = soldByThousands(3, now)
    for (const id of ids.slice(1)) {
      const { seq } = reservationAddress(id)
      const some = test.pool.find(seq, id)!.issued.slice(0, 400)
      test.decide(now, (pool) => pool.void(seq, id, some, now))
    }
    const slices: string[] = []
    for (let next: number | null = 0; next !== null; ) {
      const slice = logSlice(test.store, next)
      slices.push(new TextDecoder().decode(slice.rows))
      next = slice.next
    }
    expect(slices.map((rows) => rows.split('\n').length - 1)).toEqual([1_000, 1_000, 1_000, 800])
    const log = parseLogCsv(LOG_CSV_HEADER + slices.join(''))
    expect(toHex(logRoot(log))).toBe(toHex(test.pool.log.root))
  })
})

/** A free raffle of which so many reservations of a thousand tickets each were sold. */
function soldByThousands(count: number, now: number): { test: TestPool; ids: string[] } {
  const test = new TestPool(termsOf({ totalTickets: 1_000_000 }), seededRandomness(1))
  const ids = Array.from({ length: count }, (_, index) => {
    const outcome = test.decide(now, (pool) =>
      pool.reserve(
        {
          raffleId: pool.raffleId,
          holder: `user_${index}`,
          key: 'once',
          request: '',
          quantity: 1_000,
          numbers: null,
          payment: null,
        },
        now,
      ),
    )
    if (!outcome.ok) throw new Error(outcome.detail)
    return outcome.reservation.id
  })
  return { test, ids }
}
