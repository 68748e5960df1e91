/** Runs actions on a pool and on its model, and compares every answer. */

import { expect } from 'vitest'
import { signingKeyFromSeed } from '../../../src/core/native-crypto.ts'
import { cancelPool, freeze } from '../../../src/tickets/pool/draw.ts'
import type { Pool } from '../../../src/tickets/pool/pool.ts'
import type { ReserveRequest } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import type { Terms } from '../../../src/tickets/terms.ts'
import { ANYONE, UNPROVED } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import type { Action } from './pool-actions.ts'
import { expectAs, snapshot } from './pool-checks.ts'
import { type Known, Model } from './pool-model.ts'
import { SALES_FROM, TestPool } from './sqlite-storage.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
const HOLD_MS = 600_000
/** Holders without a proved address. */
const UNPROVED_HOLDERS: readonly string[] = ['chebet', 'diana']

export class Play {
  readonly test: TestPool
  readonly model: Model
  readonly maxQuantity: number
  now = SALES_FROM - 1_000
  #keys = 0

  constructor(terms: Terms, seed: number, maxQuantity: number) {
    this.test = new TestPool(terms, seededRandomness(seed))
    const { sale, itemId, raffle } = this.pool
    const minTickets = raffle?.rules.minTickets ?? 0
    const { kind, total, firstNumber, maxPerUser, numbering, earlyClose, unitAmount: amount } = sale
    this.model = new Model(
      { kind, itemId, total, firstNumber, maxPerUser, numbering, earlyClose, amount, minTickets },
      terms.paymentSpanSeconds * 1_000,
    )
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
        this.#withKnown(step.which, (known) => this.release(known, step.isUnpaid))
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
      case 'cancel':
        if (step.seldom === 0) this.cancel()
        break
      case 'change terms':
        this.changeTerms(step.toTaken ? model.sale.total - model.left() : step.total, step.laterMs)
        break
      case 'wait until closing':
        if (step.seldom === 0) this.now = Math.max(this.now, model.closedAt ?? model.closesAt)
        break
      case 'advance':
        this.advance()
    }
  }

  /** Expires holds, as every commit does first. */
  settle(): void {
    this.test.decide(this.now, () => {})
    this.model.expire(this.now)
  }

  request(holder: string, size: number, picks: readonly number[]): ReserveRequest {
    const chosen = this.model.sale.numbering === 'chosen'
    const { total, firstNumber } = this.model.sale
    const numbers = chosen ? [...new Set(picks.map((pick) => (pick % total) + firstNumber))] : null
    const quantity = numbers?.length ?? (size % this.maxQuantity) + 1
    const key = `key-${++this.#keys}`
    const request = `${quantity}:${numbers}`
    const payment = this.model.isFree ? null : { holdMs: HOLD_MS, provider: 'sandbox' }
    return {
      itemId: this.model.sale.itemId,
      holder,
      entrant: UNPROVED_HOLDERS.includes(holder) ? UNPROVED : ANYONE,
      key,
      request,
      quantity,
      numbers,
      payment,
    }
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
    if (model.sale.numbering === 'sequential') expect(numbers).toEqual([...before].slice(0, numbers.length))
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
      isProved: request.entrant.isProved,
      unpaidAt: null,
    }
    model.made.push(known)
    if (model.isFree) model.issue(known, numbers, at)
    expectAs(known, reservation)
  }

  /** Repeats a key: the pool returns the same reservation or a mismatch, and never new numbers. */
  repeat(which: number, other: boolean): void {
    this.#withKnown(which, (known) => {
      const request: ReserveRequest = {
        itemId: this.model.sale.itemId,
        holder: known.holder,
        entrant: ANYONE,
        key: known.key,
        request: other ? 'another' : known.request,
        quantity: 1,
        numbers: null,
        payment: { holdMs: HOLD_MS, provider: 'sandbox' },
      }
      const outcome = this.test.decide(this.now, (pool) => pool.reserve(request, this.now))
      if (other) expect(outcome).toMatchObject({ ok: false, code: 'idempotency_mismatch' })
      else if (outcome.ok) expectAs(known, outcome.reservation)
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
      const { maxPerUser, numbering } = model.sale
      const live = new Set(model.numbersIn('held', 'sold'))
      const fit = model.left() >= known.numbers.length
      const own = fit && !known.numbers.some((number) => live.has(number))
      const others = fit && numbering !== 'chosen'
      const within = maxPerUser === null || model.owned(known.holder) + known.numbers.length <= maxPerUser
      // A raffle counts late payments until its freeze, an event until its sale ends.
      const inTime = model.sale.kind === 'raffle' || !model.isClosed(this.now)
      const given = model.isBeforeFreeze(this.now) && (late ? inTime && within && (own || others) : true)
      expect(!lost, 'lost only when it must be').toBe(given)
      const at = model.tick(this.now)
      known.unpaidAt = null
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
    expectAs(known, reservation)
  }

  release(known: Known, isUnpaid: boolean): void {
    const { seq } = reservationAddress(known.id)
    const outcome = this.test.decide(this.now, (pool) => pool.release(seq, known.id, isUnpaid, this.now))
    expect(outcome.ok).toBe(known.state === 'held' || known.state === 'released')
    if (!outcome.ok) return
    if (known.state === 'held') {
      const at = this.model.tick(this.now)
      if (isUnpaid) known.unpaidAt = at
    }
    known.state = 'released'
    expectAs(known, outcome.reservation)
  }

  void(known: Known, part: boolean): void {
    const { model } = this
    const { seq } = reservationAddress(known.id)
    const wanted = part ? known.issued.slice(0, Math.ceil(known.issued.length / 2)) : null
    const outcome = this.test.decide(this.now, (pool) => pool.void(seq, known.id, wanted, this.now))
    const live =
      known.state === 'sold' ? (wanted ?? known.issued).filter((n) => known.numbers.includes(n)) : []
    const may = known.issued.length > 0 && (live.length === 0 || model.isBeforeFreeze(this.now))
    expect(outcome.ok).toBe(may)
    if (!outcome.ok) return
    if (live.length > 0) model.void(known, live, model.tick(this.now))
    expectAs(known, outcome.reservation)
  }

  /** A failed transaction leaves no change, whatever it did before it failed. */
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
    const open = model.over === null && this.now >= SALES_FROM && this.now < model.closesAt
    const may =
      model.sale.earlyClose === 'operator' && model.over === null && (model.closedAt !== null || open)
    expect(outcome.ok).toBe(may)
    if (may) model.closedAt ??= this.now
  }

  cancel(): void {
    const { model } = this
    const by = { by: 'operator', reason: 'Rain.', now: this.now } as const
    const outcome = this.test.decide(this.now, (pool) => cancelPool(pool, KEY, by))
    expect(outcome.ok, 'before the commitment').toBe(model.over !== 'committed')
    if (model.over === null) model.end('cancelled')
  }

  /** Changes a ticket type's total and the end of its sales. It skips raffles, whose terms are fixed once on sale. */
  changeTerms(total: number, laterMs: number): void {
    const { model } = this
    const { terms, termsVersion } = this.pool
    if (terms.kind === 'raffle') return
    const closesAt = model.closesAt + laterMs
    const changed = { ...terms, title: `Version ${termsVersion + 1}`, total, closesAt }
    const outcome = this.test.configure(termsVersion + 1, changed, this.now)
    const may = total >= model.sale.total - model.left() && model.over === null
    expect(outcome.ok).toBe(may)
    if (!may) return
    expect(this.pool.termsVersion).toBe(termsVersion + 1)
    model.sale.total = total
    model.closesAt = closesAt
  }

  advance(): void {
    const { model } = this
    this.test.decide(this.now, (pool) => freeze(pool, this.test.store, KEY, this.now))
    if (model.over === null && !model.isBeforeFreeze(this.now)) {
      const sold = model.numbersIn('sold').length
      model.end(sold < model.sale.minTickets ? 'cancelled' : 'committed')
    }
    const { commitment, cancellation } = this.pool.record
    expect([commitment !== null, cancellation !== null]).toEqual([
      model.over === 'committed',
      model.over === 'cancelled',
    ])
  }

  #withKnown(which: number, then: (known: Known) => void): void {
    const { made } = this.model
    if (made.length > 0) then(made[which % made.length]!)
  }
}
