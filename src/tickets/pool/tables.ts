/** The tables of a pool's own SQLite, and the types of their rows. */
import type { CloseReason } from '../../rdp1/commitment.ts'
import type { EntryTerms } from '../entry-terms.ts'
import type { SystemEntry } from '../pool-contract.ts'
import type { Terms } from '../terms.ts'

/**
 * Append only: an object runs the migrations that it has not run yet. A reservation is one row, which never changes;
 * each later change to it is a row of `changes`. Both tables share one sequence, so replaying them in order gives the
 * present state.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE pool (
     id INTEGER PRIMARY KEY CHECK (id = 1),
     name TEXT NOT NULL,
     raffle_id TEXT NOT NULL,
     seq INTEGER NOT NULL,
     terms_version INTEGER NOT NULL,
     rules TEXT NOT NULL,
     payment_span_seconds INTEGER NOT NULL,
     providers TEXT NOT NULL,
     closed_at INTEGER,
     close_reason TEXT,
     commitment TEXT,
     cancellation TEXT
   );
   CREATE TABLE reservations (
     seq INTEGER PRIMARY KEY,
     holder TEXT NOT NULL,
     key TEXT NOT NULL,
     request TEXT NOT NULL,
     numbers BLOB NOT NULL,
     tag BLOB NOT NULL,
     salt BLOB,
     at INTEGER NOT NULL,
     held_until INTEGER,
     log_index INTEGER,
     UNIQUE (holder, key)
   );
   CREATE TABLE changes (
     seq INTEGER PRIMARY KEY,
     reservation INTEGER NOT NULL,
     kind TEXT NOT NULL CHECK (kind IN ('confirmed', 'released', 'expired', 'lost', 'voided')),
     numbers BLOB,
     at INTEGER NOT NULL,
     log_index INTEGER
   );
   CREATE INDEX changes_by_reservation ON changes (reservation);
   CREATE TABLE log_chunks (chunk INTEGER PRIMARY KEY, root BLOB NOT NULL, last_seq INTEGER NOT NULL);
   CREATE TABLE attempts (attempt INTEGER PRIMARY KEY, seq INTEGER NOT NULL, key TEXT UNIQUE, record TEXT NOT NULL, winners TEXT);
   CREATE TABLE projection (id INTEGER PRIMARY KEY CHECK (id = 1), seq INTEGER NOT NULL);`,
  // Older pools are raffles: there were no ticket types yet.
  `ALTER TABLE pool ADD COLUMN kind TEXT NOT NULL DEFAULT 'raffle'`,
  `ALTER TABLE reservations ADD COLUMN proved INTEGER NOT NULL DEFAULT 1;
   ALTER TABLE changes ADD COLUMN unpaid INTEGER NOT NULL DEFAULT 0;`,
  // Older pools refuse nobody: see `OPEN_TO_ALL`.
  `ALTER TABLE pool ADD COLUMN entrants TEXT NOT NULL DEFAULT 'anyone';
   ALTER TABLE pool ADD COLUMN staff_may_enter INTEGER NOT NULL DEFAULT 1;
   ALTER TABLE pool ADD COLUMN challenge TEXT NOT NULL DEFAULT 'none';`,
  `ALTER TABLE reservations ADD COLUMN moved_from INTEGER;
   ALTER TABLE reservations ADD COLUMN entry TEXT;
   CREATE INDEX reservations_moved ON reservations (moved_from) WHERE moved_from IS NOT NULL;`,
  `CREATE TABLE waiting (
     seq INTEGER PRIMARY KEY,
     holder TEXT NOT NULL UNIQUE,
     quantity INTEGER NOT NULL,
     at INTEGER NOT NULL
   );`,
  `ALTER TABLE reservations ADD COLUMN buyer TEXT;
   ALTER TABLE reservations ADD COLUMN buyer_order TEXT;`,
  `CREATE TABLE seats_to_free (seq INTEGER PRIMARY KEY, seats TEXT NOT NULL, due_at INTEGER NOT NULL);`,
  `ALTER TABLE pool ADD COLUMN countries TEXT;`,
  `CREATE TABLE seat_types (
     pool TEXT PRIMARY KEY,
     item_id TEXT NOT NULL,
     version INTEGER NOT NULL,
     title TEXT NOT NULL,
     total INTEGER,
     opens_at INTEGER NOT NULL,
     closes_at INTEGER NOT NULL
   );`,
  `ALTER TABLE reservations ADD COLUMN offer_seq INTEGER;`,
]

export type Value = SqlStorageValue

export interface PoolRow extends Record<string, Value> {
  name: string
  /** The id of the raffle or ticket type. */
  raffle_id: string
  seq: number
  terms_version: number
  kind: Terms['kind']
  /** A raffle's canonical rules, or a ticket type's terms as JSON. */
  rules: string
  payment_span_seconds: number
  providers: string
  entrants: EntryTerms['entrants']
  /** 0 or 1. */
  staff_may_enter: number
  challenge: EntryTerms['challenge']
  /** JSON; null: every country. */
  countries: string | null
  closed_at: number | null
  close_reason: CloseReason | null
  commitment: string | null
  cancellation: string | null
}

export interface ReservationRow extends Record<string, Value> {
  seq: number
  holder: string
  key: string
  request: string
  numbers: ArrayBuffer
  tag: ArrayBuffer
  salt: ArrayBuffer | null
  at: number
  /** Null: sold at once. */
  held_until: number | null
  log_index: number | null
  /** 1: the holder's address was proved. */
  proved: number
  /** The `seq` of the reservation that its number was transferred from; null: it was not. */
  moved_from: number | null
  /** Null: its holder took it, or an order earned it. */
  entry: SystemEntry | null
  /** The person and the order that hold seats of a capacity group; null: the holder is the person. */
  buyer: string | null
  buyer_order: string | null
  /** The `seq` of the offer that this purchase took over, or that this offer makes again; null: there is none. */
  offer_seq: number | null
}

export type ChangeKind = 'confirmed' | 'released' | 'expired' | 'lost' | 'voided'

export interface ChangeRow extends Record<string, Value> {
  seq: number
  reservation: number
  kind: ChangeKind
  /** Null: the reservation's own numbers. */
  numbers: ArrayBuffer | null
  at: number
  log_index: number | null
  /** 1: the hold ended because its holder did not pay, or let an offer go. Older expiries have 0. */
  unpaid: number
}

/** Seats of a capacity group, whose tickets were voided by the change `seq`: the group's pool may not know it yet. */
export interface SeatsToFreeRow extends Record<string, Value> {
  seq: number
  /** `Seats`, as JSON. */
  seats: string
  due_at: number
}

/** A ticket type of a capacity group: see `SeatType`. */
export interface SeatTypeRow extends Record<string, Value> {
  pool: string
  item_id: string
  version: number
  title: string
  total: number | null
  opens_at: number
  closes_at: number
}

/** A place on the waiting list. */
export interface WaitingRow extends Record<string, Value> {
  /** The order of joining. */
  seq: number
  /** In a capacity group a `waitKey`. */
  holder: string
  quantity: number
  at: number
}

export interface AttemptRow extends Record<string, Value> {
  attempt: number
  seq: number
  /** The idempotency key of the redraw request; null: the first draw. */
  key: string | null
  record: string
  winners: string | null
}
