/**
 * The projection of a pool to D1: the reservations and attempts changed after a watermark, and the pool's whole state.
 * A row is replaced only by one with the same or a higher `seq`. So a repeat, a crash between the batch and the
 * watermark, or a lost acknowledgement changes nothing.
 */
import { enqueueMails, type MailOfMany } from '../../accounts/mail/enqueue-mail.ts'
import { openDatabase } from '../../core/database.ts'
import type { Pool } from '../pool/pool.ts'
import { poolState } from '../pool/pool-state.ts'
import type { PoolStore } from '../pool/store.ts'
import type { ReservationRow } from '../pool/tables.ts'
import type { AnyAttempt, ChangedSlice, PoolState, Reservation } from '../pool-contract.ts'

/** Bounds of one batch, which keep its JSON far below D1's limits. */
export const EVENTS_A_BATCH = 500
const NUMBERS_A_BATCH = 20_000

export interface ProjectionBatch {
  state: PoolState
  /** The watermark once this batch is written. */
  upTo: number
  reservations: (Reservation & { seq: number })[]
  attempts: { attempt: number; seq: number; record: AnyAttempt }[]
  /** Mails to those who are offered tickets. An offer that is made again is no news. */
  offers: MailOfMany<'tickets_offered'>[]
}

/** The changes after `watermark`, or the first part of them. */
export function nextBatch(pool: Pool, store: PoolStore, watermark: number): ProjectionBatch {
  const touched = new Map<number, { seq: number; row: ReservationRow }>()
  let upTo = pool.seq
  let events = 0
  let numbers = 0
  for (const { row, change } of store.eventsAfter(watermark, EVENTS_A_BATCH)) {
    const { seq } = row ?? change
    const place = row?.seq ?? change!.reservation
    const known = touched.get(place)?.row
    const changed = row ?? known ?? store.reservation(place)!
    touched.set(place, { seq, row: changed })
    touchSources(changed, seq)
    if (known === undefined) numbers += changed.numbers.byteLength / Uint32Array.BYTES_PER_ELEMENT
    if (++events === EVENTS_A_BATCH || numbers >= NUMBERS_A_BATCH) {
      upTo = seq
      break
    }
  }
  const offers: ProjectionBatch['offers'] = []
  const reservations = [...touched.values()].map(({ seq, row }) => {
    // Its present state, which may be newer than `seq`: then a later batch writes it once more.
    const { reservation } = pool.fold(row)
    const isNews = row.entry === 'offer' && row.offer_seq === null
    if (isNews && reservation.state === 'held') offers.push(offerMail(pool, reservation))
    return { ...reservation, seq }
  })
  const attempts = pool.record
    .attempts()
    .filter((row) => row.seq > watermark)
    .map((row) => ({ attempt: row.attempt, seq: row.seq, record: JSON.parse(row.record) as AnyAttempt }))
  return { state: poolState(pool), upTo, reservations, attempts, offers }

  /** What became of a transferred number changes what is shown of the reservations that it came from. */
  function touchSources({ moved_from: from }: ReservationRow, seq: number): void {
    if (from === null) return
    const row = touched.get(from)?.row ?? store.reservation(from)!
    touched.set(from, { seq, row })
    touchSources(row, seq)
  }
}

/** The reservations that changed after `seq`, or the first part of them. */
export function changedSlice(pool: Pool, store: PoolStore, seq: number): ChangedSlice {
  const { reservations, upTo } = nextBatch(pool, store, seq)
  return { reservations, upTo, isLast: upTo === pool.seq, isCancelled: pool.record.cancellation !== null }
}

/** In a capacity group the holder names a person and a ticket type. */
function offerMail(
  { itemId, sale, offers }: Pool,
  { id, holder, numbers, heldUntil }: Reservation,
): MailOfMany<'tickets_offered'> {
  const { person, ticketTypeId, title } = offers.seatTypeOfHolder(holder) ?? {
    person: holder,
    ticketTypeId: itemId,
    title: sale.title,
  }
  return {
    to: person,
    subject: id,
    data: { ticketTypeId, title, quantity: numbers.length, until: heldUntil! },
  }
}

/** Reservations as arrays in the order of `asArray`: with field names the JSON would be several times longer. */
const WRITE_RESERVATIONS = `
  INSERT INTO reservations (holder, id, pool, seq, state, numbers, at, issued_at, held_until, moved)
  SELECT value->>0, value->>1, ?1, value->>2, value->>3, value->4, value->>5, value->>6, value->>7, value->>8
  FROM json_each(?2) WHERE true
  ON CONFLICT (holder, id) DO UPDATE SET seq = excluded.seq, state = excluded.state, numbers = excluded.numbers,
    issued_at = excluded.issued_at, held_until = excluded.held_until, moved = excluded.moved
  WHERE excluded.seq >= reservations.seq`

const asArray = (row: ProjectionBatch['reservations'][number]) => [
  row.holder,
  row.id,
  row.seq,
  row.state,
  row.numbers,
  row.at,
  row.issuedAt,
  row.heldUntil,
  row.moved.length === 0 ? null : JSON.stringify(row.moved),
]

const WRITE_ATTEMPTS = `
  INSERT INTO attempts (pool, attempt, seq, record)
  SELECT ?1, value->>'attempt', value->>'seq', value->'record' FROM json_each(?2) WHERE true
  ON CONFLICT (pool, attempt) DO UPDATE SET seq = excluded.seq, record = excluded.record
  WHERE excluded.seq >= attempts.seq`

const WRITE_POOL = `
  INSERT INTO pools (pool, raffle_id, seq, terms_version, terms, total, sold, held, closed_at, close_reason, freeze_at,
                     effective_draw_at, log_size, log_root, commitment, cancellation, due_at, waiting,
                     seat_types)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
  ON CONFLICT (pool) DO UPDATE SET seq = excluded.seq, terms_version = excluded.terms_version, terms = excluded.terms,
    total = excluded.total, sold = excluded.sold, held = excluded.held, closed_at = excluded.closed_at,
    close_reason = excluded.close_reason, freeze_at = excluded.freeze_at,
    effective_draw_at = excluded.effective_draw_at, log_size = excluded.log_size, log_root = excluded.log_root,
    commitment = excluded.commitment, cancellation = excluded.cancellation, due_at = excluded.due_at,
    waiting = excluded.waiting, seat_types = excluded.seat_types
  WHERE excluded.seq >= pools.seq`

/** The columns that every sale changes. Naming an indexed column would write its index again for each sale. */
const WRITE_COUNTS = `
  UPDATE pools SET seq = ?2, sold = ?3, held = ?4, log_size = ?5, log_root = ?6, waiting = ?7, seat_types = ?8
  WHERE pool = ?1 AND seq <= ?2`

/** The rest of a pool's state as one value: while it is unchanged, only the counts need writing. */
export const outlineOf = (state: PoolState): string =>
  [
    state.termsVersion,
    state.closedAt,
    state.freezeAt,
    state.effectiveDrawAt,
    state.commitment?.commitment,
    state.cancellation?.at,
    state.dueAt,
  ].join(' ')

/**
 * Writes a batch in one transaction of D1. `known` is the outline that D1 has: a pool with the same one writes only its
 * counts. Returns false if D1 has no row of this pool to write the counts to.
 */
export async function writeBatch(
  db: D1Database,
  batch: ProjectionBatch,
  known: string | null,
): Promise<boolean> {
  const { state, reservations, attempts, offers } = batch
  const statements: D1PreparedStatement[] = []
  if (reservations.length > 0) {
    statements.push(
      db.prepare(WRITE_RESERVATIONS).bind(state.pool, JSON.stringify(reservations.map(asArray))),
    )
  }
  if (attempts.length > 0)
    statements.push(db.prepare(WRITE_ATTEMPTS).bind(state.pool, JSON.stringify(attempts)))
  // In the transaction that shows the offers, so that each is mailed once, and never forgotten.
  if (offers.length > 0) statements.push(mailOffers(db, offers))
  const countsOnly = known === outlineOf(state)
  statements.push(countsOnly ? writeCounts(db, state) : writePool(db, state))
  const results = await db.batch(statements)
  return !countsOnly || results.at(-1)!.meta.changes > 0
}

function mailOffers(db: D1Database, offers: ProjectionBatch['offers']): D1PreparedStatement {
  const ctx = { db: openDatabase(db), now: Date.now() }
  const { sql, params } = enqueueMails(ctx, 'tickets_offered', offers, { bulk: false }).toSQL()
  return db.prepare(sql).bind(...params)
}

const writeCounts = (db: D1Database, state: PoolState): D1PreparedStatement =>
  db
    .prepare(WRITE_COUNTS)
    .bind(
      state.pool,
      state.seq,
      state.sold,
      state.held,
      state.logSize,
      state.logRoot,
      state.waiting,
      seatTypesText(state),
    )

const seatTypesText = ({ seatTypes }: PoolState): string | null =>
  seatTypes === null ? null : JSON.stringify(seatTypes)

const writePool = (db: D1Database, state: PoolState): D1PreparedStatement =>
  db
    .prepare(WRITE_POOL)
    .bind(
      state.pool,
      state.itemId,
      state.seq,
      state.termsVersion,
      JSON.stringify(state.terms),
      state.total,
      state.sold,
      state.held,
      state.closedAt,
      state.closeReason,
      state.freezeAt ?? 0,
      state.effectiveDrawAt ?? 0,
      state.logSize,
      state.logRoot,
      state.commitment === null ? null : JSON.stringify(state.commitment),
      state.cancellation === null ? null : JSON.stringify(state.cancellation),
      state.dueAt,
      state.waiting,
      seatTypesText(state),
    )
