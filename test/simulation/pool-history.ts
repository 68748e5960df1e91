// All that a pool has written about itself: reservations, changes to them, and who waits. Read from its own tables.
import { runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { askPool } from '../../src/tickets/client.ts'
import { unpackNumbers } from '../../src/tickets/pool/numbers.ts'
import type { ChangeRow, ReservationRow, WaitingRow } from '../../src/tickets/pool/tables.ts'
import type { PoolState, Reservation } from '../../src/tickets/pool-contract.ts'
import { poolNameOf, reservationId } from '../../src/tickets/reservation-id.ts'
import { testContext } from '../harness/people.ts'

export interface Row {
  seq: number
  id: string
  holder: string
  key: string
  at: number
  heldUntil: number | null
  numbers: number[]
  movedFrom: number | null
  entry: string | null
}

export interface Change {
  seq: number
  reservation: number
  kind: ChangeRow['kind']
  /** Null: all numbers of the reservation. */
  numbers: number[] | null
  at: number
  isUnpaid: boolean
}

export interface Offer extends Row {
  heldUntil: number
  /** The place on the list that the offer was made for: the order of joining. */
  place: number
}

export interface History {
  rows: Map<number, Row>
  changes: Change[]
  /** In the order in which they were made. */
  offers: Offer[]
  /** The change that ended a hold, by the reservation. */
  ended: Map<number, Change>
  waiting: WaitingRow[]
  /** Whether seats of voided tickets are still to be freed. */
  owesSeats: boolean
}

const placeOf = (key: string): number => Number(/^ offer:(\d+)$/.exec(key)![1])

export async function readHistory(itemId: string): Promise<History> {
  const pool = poolNameOf(itemId)
  const stub = env.TICKET_POOL.getByName(pool) as unknown as DurableObjectStub
  const found = await runInDurableObject(stub, (_, { storage: { sql } }) => ({
    rows: sql.exec<ReservationRow>('SELECT * FROM reservations ORDER BY seq').toArray(),
    changes: sql.exec<ChangeRow>('SELECT * FROM changes ORDER BY seq').toArray(),
    waiting: sql.exec<WaitingRow>('SELECT * FROM waiting ORDER BY seq').toArray(),
    seats: sql.exec('SELECT seq FROM seats_to_free').toArray(),
  }))
  const rows = found.rows.map((row): Row => {
    const { seq, holder, key, at, held_until: heldUntil, moved_from: movedFrom, entry } = row
    const id = reservationId(pool, seq, at)
    return { seq, id, holder, key, at, heldUntil, numbers: unpackNumbers(row.numbers), movedFrom, entry }
  })
  const changes = found.changes.map(({ seq, reservation, kind, numbers, at, unpaid }) => {
    const changed = numbers === null ? null : unpackNumbers(numbers)
    return { seq, reservation, kind, numbers: changed, at, isUnpaid: unpaid === 1 }
  })
  const offers = rows
    .filter(({ entry }) => entry === 'offer')
    .map((row) => ({ ...row, heldUntil: row.heldUntil!, place: placeOf(row.key) }))
  return {
    rows: new Map(rows.map((row) => [row.seq, row])),
    changes,
    offers,
    ended: new Map(changes.map((change) => [change.reservation, change])),
    waiting: found.waiting,
    owesSeats: found.seats.length > 0,
  }
}

export async function readReservations(itemId: string): Promise<Reservation[]> {
  const all: Reservation[] = []
  for (let after: number | null = 0; after !== null; ) {
    const from: number = after
    const slice = await askPool(testContext(), poolNameOf(itemId), (stub) => stub.reservationSlice(from, 500))
    all.push(...(slice?.reservations ?? []))
    after = slice?.next ?? null
  }
  return all
}

export const readState = (itemId: string): Promise<PoolState | null> =>
  askPool(testContext(), poolNameOf(itemId), (stub) => stub.state())
