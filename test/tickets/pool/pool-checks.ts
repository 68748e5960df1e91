/** Checks a pool against its model. */
import { expect } from 'vitest'
import { MAX_UNPAID_UNITS } from '../../../src/core/unpaid-limits.ts'
import { fromHex, toHex } from '../../../src/rdp1/encoding.ts'
import { holderTag } from '../../../src/rdp1/holder-tag.ts'
import { ISSUED, saleLeafHash } from '../../../src/rdp1/log.ts'
import { treeRoot, verifyInclusion } from '../../../src/rdp1/merkle.ts'
import { nextBatch } from '../../../src/tickets/object/projection.ts'
import { issuedTickets } from '../../../src/tickets/pool/files.ts'
import type { Pool } from '../../../src/tickets/pool/pool.ts'
import { poolState } from '../../../src/tickets/pool/pool-state.ts'
import { buildList } from '../../../src/tickets/pool/ticket-list.ts'
import type { Reservation } from '../../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../../src/tickets/reservation-id.ts'
import type { Known, Model } from './pool-model.ts'
import type { TestPool } from './sqlite-storage.ts'

/** A pool and its model. */
interface Pair {
  test: TestPool
  model: Model
}

export function expectAs(known: Known, reservation: Reservation): void {
  const { key, request, issued, lost, isProved, unpaidAt, ...expected } = known
  expect(reservation).toEqual(expected)
}

const isRaffle = ({ sale }: Model): boolean => sale.kind === 'raffle'

/** Fast checks, after each action. */
export function checkNow({ test, model }: Pair): void {
  const { pool } = test
  const { total, sold, held, logSize, logRoot, closedAt, freezeAt } = poolState(pool)
  const live = model.numbersIn('held', 'sold')
  expect(new Set(live).size, 'no number twice').toBe(live.length)
  expect({ sold, held, logSize, closedAt, freezeAt }).toEqual({
    sold: model.numbersIn('sold').length,
    held: model.numbersIn('held').length,
    logSize: model.log.length,
    closedAt: model.closedAt,
    freezeAt: model.freezeAt,
  })
  expect(pool.freeNumbers(0, total)).toEqual([...model.free()])
  expect(logRoot, 'the log’s root').toBe(isRaffle(model) ? toHex(treeRoot(leavesOf({ test, model }))) : '')
  for (const holder of new Set(model.made.map((each) => each.holder))) {
    const { maxPerUser } = model.sale
    if (maxPerUser !== null) expect(model.owned(holder)).toBeLessThanOrEqual(maxPerUser)
    const unpaid = model.of(holder).filter((each) => each.state === 'held')
    expect(unpaid.length).toBeLessThanOrEqual(1)
    expect(unpaid.flatMap((each) => each.numbers).length).toBeLessThanOrEqual(MAX_UNPAID_UNITS)
  }
}

/** Slow checks: the store has everything that memory has, and nothing else. No hold may be expired. */
export function checkStored({ test, model }: Pair): void {
  const { pool } = test
  const reloaded = test.reload()
  expect(snapshot(reloaded)).toEqual(snapshot(pool))
  // An alarm may ring too early, for a hold that has ended since, but never too late.
  const due = (of: Pool) => of.nextDue(0) ?? Number.POSITIVE_INFINITY
  if (model.over === null) expect(due(pool)).toBeLessThanOrEqual(due(reloaded))
  for (const known of model.made)
    expectAs(known, pool.find(reservationAddress(known.id).seq, known.id)!.reservation)
  checkProjection({ test, model })
  if (!isRaffle(model)) return
  checkReceipts({ test, model })
  const list = buildList(test.store, model.sale.total)
  expect([...list.numbers]).toEqual(model.numbersIn('sold').sort((a, b) => a - b))
}

function checkReceipts({ test, model }: Pair): void {
  const { pool } = test
  const leaves = leavesOf({ test, model })
  for (const known of model.made.filter((each) => each.state === 'sold')) {
    const receipt = issuedTickets(pool, test.store, reservationAddress(known.id).seq, known.id)
    if (!receipt.ok) throw new Error(receipt.detail)
    const { log, tickets, salt } = receipt.issued
    const tag = holderTag(model.sale.itemId, known.holder, fromHex(salt!))
    expect(tickets.map((ticket) => ticket.number)).toEqual(known.numbers)
    for (const { number, logIndex, unixMs, path } of tickets) {
      const leaf = saleLeafHash(ISSUED, number, tag, unixMs)
      expect(toHex(leaf)).toBe(toHex(leaves[logIndex]!))
      const siblings = path.map((each) => fromHex(each))
      expect(verifyInclusion(leaf, logIndex, log.size, siblings, fromHex(log.root))).toBe(true)
    }
  }
}

/** The last batch with a reservation must have its present state. */
function checkProjection({ test, model }: Pair): void {
  const { pool } = test
  const projected = new Map<string, Reservation>()
  for (let watermark = 0, batches = 0; watermark < pool.seq; batches++) {
    const batch = nextBatch(pool, test.store, watermark)
    expect(batch.upTo).toBeGreaterThan(watermark)
    for (const { seq, ...reservation } of batch.reservations) projected.set(reservation.id, reservation)
    watermark = batch.upTo
    expect(batches).toBeLessThan(1_000)
  }
  expect(projected.size).toBe(model.made.length)
  for (const known of model.made) expectAs(known, projected.get(known.id)!)
}

/** The log's leaves, computed from the model and the holders' salts. */
function leavesOf({ test, model }: Pair): Uint8Array[] {
  const tags = new Map<string, Uint8Array>()
  for (const { holder } of model.log) {
    if (tags.has(holder)) continue
    const [row] = [...test.store.reservationsOf(holder)]
    tags.set(holder, holderTag(model.sale.itemId, holder, new Uint8Array(row!.salt!)))
  }
  return model.log.map(({ kind, number, holder, at }) => saleLeafHash(kind, number, tags.get(holder)!, at))
}

/** A pool's public state. */
export const snapshot = (pool: Pool) => ({
  state: poolState(pool),
  free: pool.freeNumbers(1, 1_000_000),
})
