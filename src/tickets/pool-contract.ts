/** What the pool is asked and what it answers: plain values that cross from worker to object and back. */

import type { ErrorCode } from '../core/errors.ts'
import type { CloseReason } from '../rdp1/commitment.ts'
import type { Terms } from './terms.ts'

/** Most tickets of one reservation. */
export const MAX_TICKETS_A_CALL = 1_000
/** Most unpaid numbers that one holder may keep from others at a time. */
export const MAX_HELD_A_HOLDER = 50
/** This many expired holds within the window pause a holder for as long. */
export const EXPIRIES_BEFORE_PAUSE = 3
export const EXPIRY_WINDOW_MS = 30 * 60_000
/** What is sold is held longer than there is time to pay, so that a payment of the last second still finds it. */
export const GRACE_MS = 120_000

export type ReservationState = 'held' | 'sold' | 'released' | 'voided'

/** One call's numbers and what became of them. */
export interface Reservation {
  id: string
  holder: string
  state: ReservationState
  /** Present numbers: without the voided ones; of a released or voided reservation, those it had. */
  numbers: number[]
  /** Place of the first number in the sale log; null until sold, and where there is no log. */
  logIndex: number | null
  /** When it was made, and when its tickets were issued (ms since 1970). */
  at: number
  issuedAt: number | null
  heldUntil: number | null
}

/** An expected refusal, told as a value: throws do not keep their class on the way out of an object. */
export interface Refusal {
  ok: false
  code: ErrorCode
  detail: string
  numbers?: number[]
}

export type Outcome<Value> = ({ ok: true } & Value) | Refusal

export interface ReserveRequest {
  /** The raffle or ticket type: of two whose ids end alike only one has this pool. */
  itemId: string
  holder: string
  /** The client's Idempotency-Key, unique for one holder and pool. */
  key: string
  /** Fingerprint of what was asked: the same key with another one is a mismatch. */
  request: string
  quantity: number
  /** The exact numbers, where buyers choose them. */
  numbers: number[] | null
  /** How long at most unpaid numbers are kept, and by which provider they are to be paid; null: nothing is to be paid. */
  payment: { holdMs: number; provider: string } | null
  /** `grant`: entries that an order has earned. Left out, somebody takes them. */
  entry?: 'grant'
}

/** What the tickets cost, by the terms that they were taken under. */
export interface Sale {
  title: string
  organisationId: string
  /** Of one ticket, in minor units. */
  unitAmount: number
  currency: string
}

export type ReserveOutcome = Outcome<{ reservation: Reservation; repeated: boolean; sale: Sale }>
/** `lost`: the numbers went to others while the payment was under way; the money goes back. */
export type ConfirmOutcome = Outcome<{ reservation: Reservation; lost: boolean }>
export type ChangeOutcome = Outcome<{ reservation: Reservation }>

export type CancelledBy = 'operator' | 'admin'

/** Where a pool stands, absolutely: also the row that D1 is told. */
export interface PoolState {
  pool: string
  itemId: string
  /** Grows with every decision; of two states the one with the higher `seq` is the newer. */
  seq: number
  termsVersion: number
  terms: Terms
  total: number
  sold: number
  held: number
  closedAt: number | null
  closeReason: CloseReason | null
  /** Null: nothing is drawn, so the pool never freezes. */
  freezeAt: number | null
  /** Unix seconds. */
  effectiveDrawAt: number | null
  /** Zero and empty where nothing is drawn. */
  logSize: number
  logRoot: string
  commitment: Commitment | null
  cancellation: Cancellation | null
  /** When the sweep must act, if the pool's own alarm has not: the freeze, then each pending attempt's round. */
  dueAt: number | null
}

/** The published record of a commitment: the proof's fields except its attempts. Hex and integers, as hashed. */
export interface Commitment {
  rulesHash: string
  log: { size: number; root: string }
  listHash: string
  ticketCount: number
  closeReason: CloseReason
  effectiveDrawAt: number
  committedAt: number
  chain: string
  round: number
  commitment: string
  commitmentSignature: string
}

export interface Cancellation {
  at: number
  /** `belowMinimum` is the pool's own decision at the freeze. */
  by: CancelledBy | 'belowMinimum'
  reason: string
  /** Signed where there was a commitment already. */
  signature: string | null
}

/** The published record of an attempt, as the proof has it; the last five are null until its beacon has spoken. */
export interface Attempt {
  attempt: number
  requestedAt: number
  reason: string
  round: number
  units: string[]
  excludedTags: string[]
  excludedTickets: number[]
  attemptHash: string
  attemptSignature: string
  signature: string | null
  randomness: string | null
  seed: string | null
  winners: { unit: string; ticket: number; step: number }[] | null
  steps: number | null
}

/** A winner with the holder, whom the public record does not name. */
export interface DrawnWinner {
  unit: string
  number: number
  holder: string
  reservationId: string
}

export interface RedrawRequest {
  /** Who asks and why it is one request: the same key again gives the attempt that it made. */
  key: string
  /** The number that the attempt must get: of two requests at a time one is refused. */
  attempt: number
  units: string[]
  reason: string
  /** Winning tickets whose holders are disqualified. */
  disqualifiedTickets: number[]
}

/** What a holder keeps to check a draw with. */
export interface IssuedTickets {
  reservation: Reservation
  /** Hex; null once the person is erased. */
  salt: string | null
  log: { size: number; root: string }
  tickets: { number: number; logIndex: number; unixMs: number; path: string[] }[]
  commitment: Commitment | null
}

/** A slice of a published file, and where the next one starts (null: that was the last). */
export interface FileSlice {
  rows: Uint8Array<ArrayBuffer>
  next: number | null
}

/** Who holds tickets, by a slice of the reservations, and after which one the next slice starts (null: that was the last). */
export interface HolderSlice {
  holders: string[]
  next: number | null
}
