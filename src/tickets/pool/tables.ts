/** The tables of a pool's own SQLite, and what a row of each of them is. */
import type { CloseReason } from '../../rdp1/commitment.ts'
import type { Terms } from '../terms.ts'

/**
 * Append only; an object runs what it has not run yet. Few rows are written: a reservation is one row (and its unique
 * key) that never changes again, whatever becomes of it later is a row of `changes`; both count on one sequence, so
 * that replaying them in order gives the present state.
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
  // Every pool from before there were ticket types is a raffle's.
  `ALTER TABLE pool ADD COLUMN kind TEXT NOT NULL DEFAULT 'raffle'`,
]

export type Value = SqlStorageValue

export interface PoolRow extends Record<string, Value> {
  name: string
  /** Of the raffle or the ticket type. */
  raffle_id: string
  seq: number
  terms_version: number
  kind: Terms['kind']
  /** Of a ticket type its own terms, as JSON. */
  rules: string
  payment_span_seconds: number
  providers: string
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
}

export type ChangeKind = 'confirmed' | 'released' | 'expired' | 'lost' | 'voided'

export interface ChangeRow extends Record<string, Value> {
  seq: number
  reservation: number
  kind: ChangeKind
  /** Null: the numbers that the reservation had. */
  numbers: ArrayBuffer | null
  at: number
  log_index: number | null
}

export interface AttemptRow extends Record<string, Value> {
  attempt: number
  seq: number
  /** Of the request that made it; null for the draw itself. */
  key: string | null
  record: string
  winners: string | null
}
