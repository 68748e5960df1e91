// The results of an official lottery inside a pool: when the pool commits, and that it records each result once, in order.
import { beforeEach, describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../../../src/core/native-crypto.ts'
import { NO_CHAIN } from '../../../src/rdp1/lot1.ts'
import { cancelPool, freeze, recompute } from '../../../src/tickets/pool/draw.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import { recordResult } from '../../../src/tickets/pool/results.ts'
import { listOf } from '../../../src/tickets/pool/ticket-list.ts'
import type { ResultRequest } from '../../../src/tickets/pool-contract.ts'
import { ANYONE } from '../entrant.ts'
import { seededRandomness } from '../seeded-random.ts'
import { onLottery, SALES_FROM, SALES_UNTIL, TestPool, termsOf } from './sqlite-storage.ts'

const KEY = signingKeyFromSeed('11'.repeat(32))
const DRAW_AT = Date.parse('2026-03-08T20:00:00.000Z')
const DAY_MS = 86_400_000
const LEAD_MS = 5_000

let test: TestPool

beforeEach(() => {
  test = new TestPool(
    termsOf({ ...onLottery(2), numbering: 'chosen', claimDays: 3, prizes: [prize(2)] }),
    seededRandomness(1),
  )
  const wanted = { itemId: test.pool.itemId, entrant: ANYONE, request: '', payment: null }
  for (const number of [0, 42, 99]) {
    const request = { ...wanted, holder: `user_${number}`, key: 'once', quantity: 1, numbers: [number] }
    expect(test.decide(SALES_FROM, (pool) => pool.reserve(request, SALES_FROM)).ok).toBe(true)
  }
})

const prize = (quantity: number) => ({ title: 'Seco', quantity, kind: 'item' as const, value: null })

const freezeAt = (now: number) => test.decide(now, (pool) => freeze(pool, test.store, KEY, now))

const FIRST = { attempt: 0, numbers: ['0142', '0043'], source: 'https://results.example/1', reason: '' }
const CORRECTED = { ...FIRST, attempt: 1, numbers: ['0100', '0099'], reason: 'Misread.' }

const record = (request: ResultRequest, now = DRAW_AT) =>
  test.decide(now, (pool) =>
    recordResult(pool, test.store, listOf(pool, test.store), KEY, { ...request, now }),
  )
const cancel = (by: 'operator' | 'admin', now: number) =>
  test.decide(now, (pool) => cancelPool(pool, KEY, { by, reason: 'No result.', now }))

describe('a pool that a lottery decides', () => {
  it('commits without a round, and is due when the official draw is held', () => {
    freezeAt(SALES_UNTIL + 1)
    const { commitment, dueAt } = poolState(test.pool)
    expect(commitment).toMatchObject({ chain: NO_CHAIN, round: 0, effectiveDrawAt: DRAW_AT / 1_000 })
    expect(dueAt).toBe(DRAW_AT)
    expect(test.pool.record.attempts()).toEqual([])
  })

  it.each([
    ['just in time', DRAW_AT - LEAD_MS, null],
    ['too late', DRAW_AT - LEAD_MS + 1, 'late'],
  ])('that freezes %s is cancelled only if it is late', (_, now, by) => {
    freezeAt(now)
    expect(poolState(test.pool).cancellation?.by ?? null).toBe(by)
  })

  it('keeps the official time after an early close', () => {
    test.decide(SALES_FROM, (pool) => pool.close(SALES_FROM))
    freezeAt(SALES_FROM + 1)
    expect(poolState(test.pool)).toMatchObject({
      effectiveDrawAt: DRAW_AT / 1_000,
      commitment: { closeReason: 'operator' },
    })
  })

  it('records each result once, in order, and names who won', () => {
    freezeAt(SALES_UNTIL)
    expect(record(FIRST)).toMatchObject({
      ok: true,
      winners: [{ unit: '1#1', number: 42, holder: 'user_42' }],
    })
    const first = test.pool.record.attempts()
    expect(record(FIRST)).toMatchObject({ ok: true, winners: [{ number: 42 }] })
    expect(test.pool.record.attempts()).toEqual(first)
    // After a restore of the database, people record the same numbers from elsewhere. The proof keeps the first words.
    const again = { ...FIRST, source: 'https://paper.example/', reason: 'Restored.' }
    expect(record(again)).toMatchObject({ ok: true, winners: [{ number: 42 }] })
    expect(test.pool.record.attempts()).toEqual(first)
    expect(record({ ...FIRST, numbers: ['0199'] })).toMatchObject({ ok: false, code: 'conflict' })
    expect(record({ ...CORRECTED, attempt: 2 })).toMatchObject({ ok: false, code: 'conflict' })
    expect(record(CORRECTED)).toMatchObject({ ok: true, winners: [{ number: 0 }, { number: 99 }] })
    test.pool = test.reload()
    const recomputed = recompute(test.pool, listOf(test.pool, test.store))
    expect(recomputed?.attempts).toEqual(test.pool.record.attempts().map((row) => JSON.parse(row.record)))
    expect(poolState(test.pool).dueAt).toBeNull()
  })

  it('refuses a result before its commitment, before the draw, and numbers that are too short', () => {
    expect(record(FIRST)).toMatchObject({ ok: false, code: 'invalid_state' })
    freezeAt(SALES_UNTIL)
    expect(record(FIRST, DRAW_AT - 1)).toMatchObject({ ok: false, code: 'invalid_state' })
    expect(record({ ...FIRST, numbers: ['7'] })).toMatchObject({ ok: false, code: 'validation_failed' })
  })

  it('can be cancelled by an admin in time, by operators once no result came, and never after one', () => {
    freezeAt(SALES_UNTIL)
    expect(cancel('operator', SALES_UNTIL + 1)).toMatchObject({ ok: false })
    expect(cancel('admin', DRAW_AT - LEAD_MS + 1)).toMatchObject({ ok: false })
    expect(cancel('operator', DRAW_AT + 3 * DAY_MS - 1)).toMatchObject({ ok: false })
    record(FIRST)
    expect(cancel('operator', DRAW_AT + 3 * DAY_MS)).toMatchObject({ ok: false })
    expect(cancel('admin', DRAW_AT + 3 * DAY_MS)).toMatchObject({ ok: false })
  })

  it('that was cancelled without a result refuses one', () => {
    freezeAt(SALES_UNTIL)
    expect(cancel('operator', DRAW_AT + 3 * DAY_MS)).toMatchObject({ ok: true })
    expect(record(FIRST, DRAW_AT + 4 * DAY_MS)).toMatchObject({ ok: false, code: 'invalid_state' })
  })
})
