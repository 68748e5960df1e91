// A ticket type's pool differs from a raffle's; and pools from before there were ticket types load unchanged.

import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../../../src/core/native-crypto.ts'
import { toHex } from '../../../src/rdp1/encoding.ts'
import { holderTag } from '../../../src/rdp1/holder-tag.ts'
import { ISSUED, saleLeafHash, VOIDED } from '../../../src/rdp1/log.ts'
import { treeRoot } from '../../../src/rdp1/merkle.ts'
import { freeze } from '../../../src/tickets/pool/draw.ts'
import { issuedTickets } from '../../../src/tickets/pool/files.ts'
import { packNumbers } from '../../../src/tickets/pool/numbers.ts'
import { Pool } from '../../../src/tickets/pool/pool.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import { PoolStore } from '../../../src/tickets/pool/store.ts'
import { MIGRATIONS } from '../../../src/tickets/pool/tables.ts'
import type { Reservation } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import type { Terms, TicketTypeTerms } from '../../../src/tickets/terms.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import {
  POOL_NAME,
  SALES_FROM,
  SALES_UNTIL,
  SqliteStorage,
  TestPool,
  termsOf,
  ticketTypeTerms,
} from './sqlite-storage.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
const YEAR_MS = 365 * 86_400_000
const PAYMENT = { holdMs: 600_000, provider: 'sandbox' }

const ticketType = (changes: Partial<TicketTypeTerms> = {}) =>
  new TestPool(ticketTypeTerms(changes), seededRandomness(1))

function held(test: TestPool, holder: string, quantity: number, now = SALES_FROM): Reservation {
  const request = { holder, quantity, key: 'once', request: '', numbers: null, payment: PAYMENT }
  const outcome = test.decide(now, (pool) =>
    pool.reserve({ itemId: pool.itemId, entrant: ANYONE, ...request }, now),
  )
  if (!outcome.ok) throw new Error(outcome.detail)
  return outcome.reservation
}

const confirm = (test: TestPool, { id }: Reservation, now = SALES_FROM) =>
  test.decide(now, (pool) => pool.confirm(reservationAddress(id).seq, id, now))

const voidAll = (test: TestPool, { id }: Reservation, now = SALES_FROM) =>
  test.decide(now, (pool) => pool.void(reservationAddress(id).seq, id, null, now))

function sold(test: TestPool, holder: string, quantity: number): Reservation {
  const reservation = held(test, holder, quantity)
  expect(confirm(test, reservation)).toMatchObject({ ok: true, lost: false })
  return reservation
}

describe('a ticket type’s pool', () => {
  it('sells its numbers in order, without a log', () => {
    const test = ticketType()
    expect(sold(test, 'amina', 2).numbers).toEqual([1, 2])
    expect(sold(test, 'brian', 3).numbers).toEqual([3, 4, 5])
    expect(poolState(test.pool)).toMatchObject({
      total: 100,
      sold: 5,
      logSize: 0,
      logRoot: '',
      freezeAt: null,
      effectiveDrawAt: null,
      dueAt: null,
    })
    expect(test.store.chunks()).toEqual([])
    const [row] = [...test.store.reservationsOf('amina')]
    expect([row!.salt, row!.tag.byteLength, row!.log_index]).toEqual([null, 0, null])
  })

  it('never freezes: the payment of a live hold and a refund count even after its sales', () => {
    const test = ticketType()
    const late = held(test, 'amina', 2, SALES_UNTIL - 1)
    const later = SALES_UNTIL + PAYMENT.holdMs - 2
    test.decide(later, (pool) => freeze(pool, test.store, KEY, later))
    expect(test.pool.isOver).toBe(false)
    expect(test.pool.settleBy(later)).toBeNull()
    expect(confirm(test, late, later)).toMatchObject({ ok: true, lost: false })
    expect(voidAll(test, late, later)).toMatchObject({ ok: true, reservation: { state: 'voided' } })
    expect(test.reload().nextDue(later)).toBeNull()
  })

  it('loses a payment that comes after its sales and after its hold', () => {
    const test = ticketType({ total: 6 })
    const [early, late] = [held(test, 'amina', 1), held(test, 'brian', 1)]
    const expire = (now: number) => test.decide(now, (pool) => pool.expireHolds(now))
    expire(SALES_UNTIL - 1)
    expect(confirm(test, early, SALES_UNTIL - 1)).toMatchObject({ ok: true, lost: false })
    expect(confirm(test, late, SALES_UNTIL)).toMatchObject({ ok: true, lost: true })
    // A later end of the sale does not bring it back.
    expect(confirm(test, late, SALES_UNTIL - 1)).toMatchObject({ ok: true, lost: true })
    expect(test.reload()).toMatchObject({ sold: 1, held: 0 })
  })

  it('has no receipts, as it has no log to prove them', () => {
    const test = ticketType()
    const { id } = sold(test, 'amina', 1)
    const receipt = issuedTickets(test.pool, test.store, reservationAddress(id).seq, id)
    expect(receipt).toMatchObject({ ok: false, code: 'invalid_state' })
  })

  it('gives a late payment its own numbers if they are free, else others, else none', () => {
    const test = ticketType({ total: 6 })
    const [first, second] = [held(test, 'amina', 2), held(test, 'brian', 2)]
    const later = SALES_FROM + PAYMENT.holdMs
    expect(confirm(test, first, later)).toMatchObject({ lost: false, reservation: { numbers: [1, 2] } })
    expect(held(test, 'chebet', 1, later).numbers).toEqual([3])
    expect(confirm(test, second, later)).toMatchObject({ lost: false, reservation: { numbers: [4, 5] } })
    const third = held(test, 'diana', 1, later)
    const last = later + PAYMENT.holdMs
    held(test, 'esther', 2, last)
    expect(confirm(test, third, last)).toMatchObject({ lost: true })
  })

  it('never exceeds a lowered total, even if numbers below it are free', () => {
    const test = ticketType({ total: 6 })
    const late = held(test, 'amina', 2)
    sold(test, 'brian', 2)
    sold(test, 'chebet', 2)
    const later = SALES_FROM + PAYMENT.holdMs
    expect(test.configure(2, ticketTypeTerms({ total: 4 }), later)).toEqual({ ok: true, version: 2 })
    expect(test.pool.freeNumbers(1, 10)).toEqual([])
    expect(confirm(test, late, later)).toMatchObject({ ok: true, lost: true })
    expect(poolState(test.reload())).toMatchObject({ total: 4, sold: 4, held: 0 })
  })

  it('may change its total, title and times after the first sale, and nothing else', () => {
    const test = ticketType({ total: 3 })
    sold(test, 'amina', 2)
    held(test, 'brian', 1)
    const change = (version: number, changes: Partial<TicketTypeTerms>) =>
      test.configure(version, ticketTypeTerms(changes), SALES_FROM)
    const refused = { ok: false, code: 'invalid_state' }
    expect(change(2, { total: 2 })).toMatchObject(refused)
    for (const fixed of [{ unitAmount: 600 }, { currency: 'EUR' }, { maxPerUser: 1 }, { providers: [] }]) {
      expect(change(2, { total: 3, ...fixed })).toMatchObject(refused)
    }
    expect(change(3, { total: 5 })).toMatchObject({ ok: false, code: 'conflict' })
    const other = { total: 5, title: 'Gallery', closesAt: SALES_UNTIL + YEAR_MS }
    expect(change(2, other)).toEqual({ ok: true, version: 2 })
    expect(change(2, other)).toEqual({ ok: true, version: 2 })
    expect(held(test, 'chebet', 2, SALES_UNTIL).numbers).toEqual([3, 4])
    expect(test.pool.sale).toMatchObject(other)
  })

  it('may change all its terms before the first sale, but never to a raffle’s', () => {
    const test = ticketType()
    const change = (terms: Terms) => test.configure(2, terms, SALES_FROM)
    expect(change(termsOf())).toMatchObject({ ok: false, code: 'invalid_state' })
    expect(change(ticketTypeTerms({ unitAmount: 0, total: 7 }))).toEqual({ ok: true, version: 2 })
    expect(() => test.configure(3, ticketTypeTerms({ total: 1.5 }), SALES_FROM)).toThrow()
  })

  it('can be closed and cancelled like a raffle’s', () => {
    const test = ticketType()
    const kept = held(test, 'amina', 1)
    expect(test.decide(SALES_FROM, (pool) => pool.close(SALES_FROM))).toEqual({
      ok: true,
      closedAt: SALES_FROM,
    })
    expect(() => held(test, 'brian', 1)).toThrow('Sales closed')
    expect(confirm(test, kept)).toMatchObject({ ok: true, lost: false })
    const cancellation = { at: SALES_FROM, by: 'operator', reason: 'Rain.', signature: null } as const
    test.decide(SALES_FROM, (pool) => pool.cancel(cancellation))
    expect(poolState(test.reload())).toMatchObject({ sold: 1, held: 0, closedAt: SALES_FROM, cancellation })
    expect(() => held(test, 'brian', 1)).toThrow(/^The event of “.+” was cancelled\.$/)
    expect(test.configure(2, ticketTypeTerms({ total: 500 }), SALES_FROM)).toMatchObject({ ok: false })
  })
})

describe('a pool from before there were ticket types', () => {
  const RAFFLE = 'raffle_01kjy3cr00e2ys5rh3rp46hk8x'
  const SALT = new Uint8Array(16).fill(7)
  const TAG = new Uint8Array(holderTag(RAFFLE, 'amina', SALT))

  /** A storage of the first version: ticket 3 is sold; 1 and 2 are held, then paid; 1 is voided. */
  function oldStorage(): SqliteStorage {
    const storage = new SqliteStorage()
    const { sql } = storage
    sql.exec('CREATE TABLE migrations (version INTEGER PRIMARY KEY)')
    sql.exec(MIGRATIONS[0]!)
    sql.exec('INSERT INTO migrations (version) VALUES (?)', 0)
    const { rules } = termsOf({ numbering: 'sequential' }, 900)
    sql.exec(
      `INSERT INTO pool (id, name, raffle_id, seq, terms_version, rules, payment_span_seconds, providers)
       VALUES (1, ?, ?, 1, 4, ?, 900, '["sandbox"]')`,
      POOL_NAME,
      RAFFLE,
      rules,
    )
    const reserve = `INSERT INTO reservations VALUES (?, 'amina', ?, '', ?, ?, ?, ?, ?, ?)`
    const sale = [packNumbers([3]), TAG.buffer, SALT.buffer, SALES_FROM] as const
    sql.exec(reserve, 2, 'first', ...sale, null, 0)
    const hold = [packNumbers([1, 2]), TAG.buffer, SALT.buffer, SALES_FROM] as const
    sql.exec(reserve, 3, 'second', ...hold, SALES_FROM + PAYMENT.holdMs, null)
    const change = 'INSERT INTO changes VALUES (?, 3, ?, ?, ?, ?)'
    sql.exec(change, 4, 'confirmed', null, SALES_FROM + 1, 1)
    sql.exec(change, 5, 'voided', packNumbers([1]), SALES_FROM + 2, 3)
    return storage
  }

  it('loads as a raffle’s, with the same terms, log and holders', () => {
    const storage = oldStorage()
    for (let time = 0; time < 2; time++) {
      const store = new PoolStore(storage.sql)
      const pool = new Pool(store, store.pool()!, seededRandomness(1))
      const leaves = [
        saleLeafHash(ISSUED, 3, TAG, SALES_FROM),
        saleLeafHash(ISSUED, 1, TAG, SALES_FROM + 1),
        saleLeafHash(ISSUED, 2, TAG, SALES_FROM + 1),
        saleLeafHash(VOIDED, 1, TAG, SALES_FROM + 2),
      ]
      expect(poolState(pool)).toMatchObject({
        itemId: RAFFLE,
        seq: 5,
        termsVersion: 4,
        terms: termsOf({ numbering: 'sequential' }, 900),
        sold: 2,
        held: 0,
        logSize: 4,
        freezeAt: SALES_UNTIL + 900_000,
      })
      expect(pool.freeNumbers(1, 2)).toEqual([1, 4])
      expect(toHex(pool.raffle!.log.root)).toBe(toHex(treeRoot(leaves)))
    }
  })
})
