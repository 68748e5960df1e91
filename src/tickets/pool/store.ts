/** Every SQL statement of a pool's own SQLite, with those of `waiting-store.ts`. It decides nothing. */
import type { CloseReason } from '../../rdp1/commitment.ts'
import type { AnyAttempt, Cancellation, Commitment, DrawnWinner, Seats } from '../pool-contract.ts'
import type { Terms } from '../terms.ts'
import { eventsAfter, type PoolEvent, RecentEvents } from './events.ts'
import { type Step, stepsAfter } from './steps.ts'
import {
  type AttemptRow,
  type ChangeRow,
  MIGRATIONS,
  type PoolRow,
  type ReservationRow,
  type SeatsToFreeRow,
  type Value,
} from './tables.ts'
import { columnsOfTerms } from './terms-row.ts'
import { WaitingStore } from './waiting-store.ts'

export class PoolStore {
  /** Who waits. */
  readonly waiting: WaitingStore
  readonly #sql: SqlStorage
  #ready = false
  #recent = new RecentEvents()

  constructor(sql: SqlStorage) {
    this.#sql = sql
    this.waiting = new WaitingStore(sql)
    this.reopen()
    // An object that was never configured writes nothing, so made-up ids leave no rows behind.
    if (this.#ready) this.#migrate()
  }

  /** Reads the state of the storage again: a rollback may have removed rows and even tables. */
  reopen(): void {
    this.#recent = new RecentEvents()
    this.#ready =
      this.#rows<{ name: string }>(`SELECT name FROM sqlite_master WHERE name = 'migrations'`).length > 0
  }

  /** Whether this object has ever been configured. */
  get ready(): boolean {
    return this.#ready
  }

  create(): void {
    this.#sql.exec('CREATE TABLE IF NOT EXISTS migrations (version INTEGER PRIMARY KEY)')
    this.#migrate()
    this.#ready = true
  }

  #migrate(): void {
    const done = this.#rows<{ version: number }>('SELECT version FROM migrations ORDER BY version')
    for (let version = done.length; version < MIGRATIONS.length; version++) {
      this.#sql.exec(MIGRATIONS[version]!)
      this.#sql.exec('INSERT INTO migrations (version) VALUES (?)', version)
    }
  }

  pool(): PoolRow | undefined {
    return this.#rows<PoolRow>('SELECT * FROM pool')[0]
  }

  configure(row: { name: string; itemId: string; seq: number; version: number; terms: Terms }): void {
    const columns = columnsOfTerms(row.terms)
    this.#sql.exec(
      `INSERT INTO pool (id, name, raffle_id, seq, terms_version, kind, rules, payment_span_seconds, providers,
         entrants, staff_may_enter, challenge, countries)
       VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, terms_version = excluded.terms_version,
         rules = excluded.rules, payment_span_seconds = excluded.payment_span_seconds,
         providers = excluded.providers, entrants = excluded.entrants,
         staff_may_enter = excluded.staff_may_enter, challenge = excluded.challenge,
         countries = excluded.countries`,
      row.name,
      row.itemId,
      row.seq,
      row.version,
      columns.kind,
      columns.rules,
      columns.payment_span_seconds,
      columns.providers,
      columns.entrants,
      columns.staff_may_enter,
      columns.challenge,
      columns.countries,
    )
  }

  close(seq: number, at: number, reason: CloseReason): void {
    this.#sql.exec('UPDATE pool SET seq = ?, closed_at = ?, close_reason = ?', seq, at, reason)
  }

  commit(seq: number, commitment: Commitment): void {
    this.#sql.exec('UPDATE pool SET seq = ?, commitment = ?', seq, JSON.stringify(commitment))
  }

  cancel(seq: number, cancellation: Cancellation): void {
    this.#sql.exec('UPDATE pool SET seq = ?, cancellation = ?', seq, JSON.stringify(cancellation))
  }

  insertReservation(row: ReservationRow): void {
    this.#sql.exec(
      `INSERT INTO reservations (seq, holder, key, request, numbers, tag, salt, at, held_until, log_index, proved,
                                 moved_from, entry, buyer, buyer_order, offer_seq)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.seq,
      row.holder,
      row.key,
      row.request,
      row.numbers,
      row.tag,
      row.salt,
      row.at,
      row.held_until,
      row.log_index,
      row.proved,
      row.moved_from,
      row.entry,
      row.buyer,
      row.buyer_order,
      row.offer_seq,
    )
    this.#recent.keep({ row })
  }

  insertChange(row: ChangeRow): void {
    this.#sql.exec(
      'INSERT INTO changes (seq, reservation, kind, numbers, at, log_index, unpaid) VALUES (?, ?, ?, ?, ?, ?, ?)',
      row.seq,
      row.reservation,
      row.kind,
      row.numbers,
      row.at,
      row.log_index,
      row.unpaid,
    )
    this.#recent.keep({ change: row })
  }

  reservationByKey(holder: string, key: string): ReservationRow | undefined {
    return this.#rows<ReservationRow>(
      'SELECT * FROM reservations WHERE holder = ? AND key = ?',
      holder,
      key,
    )[0]
  }

  reservation(seq: number): ReservationRow | undefined {
    return this.#rows<ReservationRow>('SELECT * FROM reservations WHERE seq = ?', seq)[0]
  }

  /** A holder's reservations, oldest first. */
  reservationsOf(holder: string): Iterable<ReservationRow> {
    return this.#sql.exec<ReservationRow>('SELECT * FROM reservations WHERE holder = ? ORDER BY seq', holder)
  }

  reservationsAfter(seq: number, limit: number): ReservationRow[] {
    return this.#rows<ReservationRow>(
      'SELECT * FROM reservations WHERE seq > ? ORDER BY seq LIMIT ?',
      seq,
      limit,
    )
  }

  /** Whether any number was ever transferred. */
  hasMoves(): boolean {
    return this.#rows('SELECT 1 FROM reservations WHERE moved_from IS NOT NULL LIMIT 1').length > 0
  }

  /** The reservations of numbers that were transferred from this one. */
  movedFrom(reservation: number): ReservationRow[] {
    return this.#rows<ReservationRow>(
      'SELECT * FROM reservations WHERE moved_from = ? ORDER BY seq',
      reservation,
    )
  }

  changesOf(reservation: number): ChangeRow[] {
    return this.#rows<ChangeRow>('SELECT * FROM changes WHERE reservation = ? ORDER BY seq', reservation)
  }

  /** The events after `seq`, in order, the latest from memory: at most `limit` reservations and `limit` changes. */
  eventsAfter(seq: number, limit: number): Iterable<PoolEvent> {
    return this.#recent.after(seq) ?? eventsAfter(this.#sql, seq, limit)
  }

  /** Drops the events up to `seq` from memory. */
  forget(seq: number): void {
    this.#recent.forget(seq)
  }

  /** The steps after `seq`, in order, as a cursor. */
  stepsAfter(seq: number): Generator<Step> {
    return stepsAfter(this.#sql, seq)
  }

  insertSeatsToFree(seq: number, seats: Seats, dueAt: number): void {
    this.#sql.exec(
      'INSERT INTO seats_to_free (seq, seats, due_at) VALUES (?, ?, ?)',
      seq,
      JSON.stringify(seats),
      dueAt,
    )
  }

  /** When the first seats are to be freed (ms since 1970); null: never. */
  seatsDueAt(): number | null {
    return this.#rows<{ due_at: number | null }>('SELECT min(due_at) AS due_at FROM seats_to_free')[0]!.due_at
  }

  seatsToFree(now: number, limit: number): SeatsToFreeRow[] {
    return this.#rows<SeatsToFreeRow>(
      'SELECT * FROM seats_to_free WHERE due_at <= ? ORDER BY due_at, seq LIMIT ?',
      now,
      limit,
    )
  }

  deleteSeatsToFree(seq: number): void {
    this.#sql.exec('DELETE FROM seats_to_free WHERE seq = ?', seq)
  }

  postponeSeatsToFree(seq: number, dueAt: number): void {
    this.#sql.exec('UPDATE seats_to_free SET due_at = ? WHERE seq = ?', dueAt, seq)
  }

  insertChunk(chunk: number, root: Uint8Array, lastSeq: number): void {
    this.#sql.exec('INSERT INTO log_chunks (chunk, root, last_seq) VALUES (?, ?, ?)', chunk, root, lastSeq)
  }

  chunks(): { chunk: number; root: ArrayBuffer; last_seq: number }[] {
    return this.#rows('SELECT chunk, root, last_seq FROM log_chunks ORDER BY chunk')
  }

  attempts(): AttemptRow[] {
    return this.#rows<AttemptRow>('SELECT * FROM attempts ORDER BY attempt')
  }

  insertAttempt(seq: number, record: AnyAttempt, key: string | null): void {
    this.#sql.exec(
      'INSERT INTO attempts (attempt, seq, key, record) VALUES (?, ?, ?, ?)',
      record.attempt,
      seq,
      key,
      JSON.stringify(record),
    )
    this.#sql.exec('UPDATE pool SET seq = ?', seq)
  }

  writeWinners(seq: number, record: AnyAttempt, winners: DrawnWinner[]): void {
    this.#sql.exec(
      'UPDATE attempts SET seq = ?, record = ?, winners = ? WHERE attempt = ?',
      seq,
      JSON.stringify(record),
      JSON.stringify(winners),
      record.attempt,
    )
    this.#sql.exec('UPDATE pool SET seq = ?', seq)
  }

  /** The highest `seq` in use. */
  lastSeq(): number {
    return this.#rows<{ seq: number }>(
      `SELECT max(coalesce((SELECT max(seq) FROM reservations), 0), coalesce((SELECT max(seq) FROM changes), 0),
                  coalesce((SELECT seq FROM pool), 0)) AS seq`,
    )[0]!.seq
  }

  projectedSeq(): number {
    return this.#rows<{ seq: number }>('SELECT seq FROM projection')[0]?.seq ?? 0
  }

  setProjectedSeq(seq: number): void {
    this.#sql.exec(
      'INSERT INTO projection (id, seq) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq',
      seq,
    )
  }

  #rows<Row extends Record<string, Value>>(query: string, ...bindings: Value[]): Row[] {
    return this.#sql.exec<Row>(query, ...bindings).toArray()
  }
}
