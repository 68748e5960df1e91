/** The requests and answers of a pool: plain values, which cross between the worker and the object. */
import type { ErrorCode } from '../core/errors.ts'
import type { CloseReason } from '../rdp1/commitment.ts'
import type { OfficialResult, ResultWinner } from '../rdp1/lot1.ts'
import type { EntryTerms } from './entry-terms.ts'
import type { Terms } from './terms.ts'

/** The most tickets of one reservation. */
export const MAX_TICKETS_A_CALL = 1_000
/** A hold outlives the time to pay by this long, so that a payment in the last second still finds its numbers. */
export const GRACE_MS = 120_000

/** `transferred`: others have all of its numbers that are valid. */
export type ReservationState = 'held' | 'sold' | 'released' | 'voided' | 'transferred'

/** The numbers of one call, and their state. */
export interface Reservation {
  id: string
  holder: string
  state: ReservationState
  /** Without the numbers that were voided or transferred. One that has none left keeps the numbers it had last. */
  numbers: number[]
  /** The numbers that are valid in other reservations, to which they were transferred. */
  moved: number[]
  /** The place of the reservation in which its numbers were first sold: its own, unless they were transferred to it. */
  firstSeq: number
  /** The first number's place in the sale log; null: not sold yet, or the pool has no log. */
  logIndex: number | null
  /** When it was reserved, and when its tickets were issued (ms since 1970). */
  at: number
  issuedAt: number | null
  heldUntil: number | null
}

/** The numbers that are valid: its own, and those that others have from it. */
export const validNumbers = ({ state, numbers, moved }: Reservation): number[] =>
  state === 'sold' ? [...numbers, ...moved] : moved

/** An expected refusal. It is a value, since an error loses its class on the way out of an object. */
export interface Refusal {
  ok: false
  code: ErrorCode
  detail: string
  numbers?: number[]
  /** The rule about persons that refused. Another try may pass it, once the person has done what it asks for. */
  rule?: keyof EntryTerms
  /** The tickets cost money, and the request does not say how they are paid. */
  needsPayment?: true
  /** The tickets take seats of a capacity group too, so only an order can take them. */
  needsOrder?: true
  /** The capacity group whose pool must be asked first: see `ReserveRequest.seats`. */
  needsSeats?: string
}

export type Outcome<Value> = ({ ok: true } & Value) | Refusal

/** What rules about a person need: from the access token, or from D1 for entries that an order earned. */
export interface Entrant {
  /** Whether the holder has proved to read mail at the address. */
  isProved: boolean
  /** The organisations whose staff the holder is: a member, or a former member for some days (`accounts/staff.ts`). */
  staffOf: readonly string[]
  /** Whether the person has just passed the challenge. */
  isHuman: boolean
  /** From where the person connects. Null or absent: nobody connects, or nobody sees it. */
  country?: string | null
}

/**
 * What the system reserves, and not a person. `setAside` keeps tickets of a ticket type for a prize, sold at once. `offer`
 * keeps them for somebody on the waiting list.
 */
export type SystemEntry = 'setAside' | 'offer'

export interface ReserveRequest {
  /** The raffle or ticket type. Two ids may end in the same bits and name the same pool, which sells only one of them. */
  itemId: string
  holder: string
  entrant: Entrant
  /** The client's Idempotency-Key, unique for one holder and pool. */
  key: string
  /** A fingerprint of the request: the same key with another fingerprint is a mismatch. */
  request: string
  quantity: number
  /** The exact numbers, if buyers choose them. */
  numbers: number[] | null
  /**
   * The longest hold, and the payment provider; null: the tickets are free. A hold of free tickets in an order that costs
   * nothing has no provider.
   */
  payment: { holdMs: number; provider: string | null } | null
  /**
   * In the pool of a capacity group: whose unpaid seats these are, and of which order. The holder is the reservation of the
   * tickets. The limits for unpaid tickets count all seats of the person. Absent: the holder is the person.
   */
  buyer?: { person: string; order: string }
  /**
   * For a ticket type in a capacity group: the group lets the buyer have the seats. `areOffered`: as an offer of the waiting
   * list, so that the limits for unpaid tickets do not count. Absent: the group was not asked yet.
   */
  seats?: { areOffered: boolean }
  /** `grant`: an order earned these entries. Absent: the holder takes them. */
  entry?: 'grant' | SystemEntry
  /** When the entries were earned, for those that the freeze waits for: it counts instead of the time of the call. */
  earnedAt?: number
}

/** The new holder of a transferred number; `key` is an idempotency key, unique for one holder and pool. */
export interface TransferRequest {
  holder: string
  key: string
}

/** The price, by the terms at the time of the reservation. */
export interface Sale {
  title: string
  organisationId: string
  /** The price of one ticket, in minor units. */
  unitAmount: number
  currency: string
  /** How many digits a number is shown with; null: no leading zeros. */
  digits: number | null
  /** The capacity group whose seats the tickets take too; null: none. */
  groupId: string | null
}

export type ReserveOutcome = Outcome<{ reservation: Reservation; repeated: boolean; sale: Sale }>
/** `lost`: the payment came after the hold expired and others took the numbers; it must be refunded. */
/** `groupId`: as in `Sale`. If it is not null, a call that has no seats yet changes nothing: see `seats.ts`. */
export type ConfirmOutcome = Outcome<{ reservation: Reservation; lost: boolean; groupId: string | null }>
/** `isProjected`: D1 has every change of the pool. If not, it gets them within a moment, or once the pool is asked. */
export type Projected<Made> = Made extends { ok: true } ? Made & { isProjected: boolean } : Made
export type ChangeOutcome = Outcome<{ reservation: Reservation; seats: Seats | null }>

/** The seats of tickets that were taken back or released; null: the tickets take none. */
export interface Seats {
  groupId: string
  /** The reservation that the tickets were sold in. */
  reservationId: string
  /** The places of the tickets among those of the reservation, from 0. Its seats have the same places. */
  places: number[]
}

/** `late`: an official draw that was to decide was held, or its result known, before the list of tickets was fixed. */
export type CancelledBy = 'operator' | 'admin' | 'late'

/** A pool's whole state; the projection writes it as a row of D1. */
export interface PoolState {
  pool: string
  itemId: string
  /** Grows with every change: the state with the higher `seq` is newer. */
  seq: number
  termsVersion: number
  terms: Terms
  total: number
  sold: number
  held: number
  /** How many people wait for tickets. */
  waiting: number
  /**
   * Of a capacity group, by the pool of each ticket type that people wait for: how many wait, and how many seats are offered.
   * Null: nobody waits, and nothing is offered.
   */
  seatTypes: Record<string, { waiting: number; offered: number }> | null
  closedAt: number | null
  closeReason: CloseReason | null
  /** Null: a ticket type, which is never drawn, so its pool never freezes. */
  freezeAt: number | null
  /** Unix seconds. */
  effectiveDrawAt: number | null
  /** 0 and empty for a ticket type. */
  logSize: number
  logRoot: string
  commitment: Commitment | null
  cancellation: Cancellation | null
  /** When the sweep must act if the pool's alarm did not: at the freeze, then at each pending attempt's round. */
  dueAt: number | null
}

/** The published record of a commitment: the proof's fields without its attempts. Hex and integers, as hashed. */
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
  /** `belowMinimum`: the pool cancelled the raffle itself, at the freeze. */
  by: CancelledBy | 'belowMinimum'
  reason: string
  /** Null: cancelled before the commitment. */
  signature: string | null
}

/** The published record of an attempt, as in the proof. The last five fields are null until its round is published. */
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

/** A winner and the ticket's holder, whom the public record does not name. */
export interface DrawnWinner {
  unit: string
  number: number
  holder: string
  reservationId: string
}

/** A confirmed result of the lottery that decides a raffle: the first, or a correction, as in the proof. */
export interface ResultAttempt extends OfficialResult {
  attempt: number
  numbers: string[]
  attemptHash: string
  attemptSignature: string
  winners: ResultWinner[]
}

/** A beacon's attempts and a lottery's results have the same place in the record of a draw. */
export type AnyAttempt = Attempt | ResultAttempt

export const isResult = (attempt: AnyAttempt): attempt is ResultAttempt => 'numbers' in attempt

export interface ResultRequest extends OfficialResult {
  /** 0: the first result; each correction is the next. */
  attempt: number
  numbers: string[]
}

export interface RedrawRequest {
  /** An idempotency key: the same key again returns the attempt that it created. */
  key: string
  /** The number that the attempt must get, so that one of two concurrent requests is refused. */
  attempt: number
  units: string[]
  reason: string
  /** Winning tickets whose holders are disqualified. */
  disqualifiedTickets: number[]
}

/** The data of a receipt, with which a holder can check a draw. */
export interface IssuedTickets {
  reservation: Reservation
  /** Hex; null once the person is erased. */
  salt: string | null
  log: { size: number; root: string }
  tickets: { number: number; logIndex: number; unixMs: number; path: string[] }[]
  commitment: Commitment | null
}

/** A slice of a published file, and where the next slice starts (null: this was the last). */
export interface FileSlice {
  rows: Uint8Array<ArrayBuffer>
  next: number | null
}

/** Reservations in the order in which they were made. The next slice starts after `next` (null: this was the last). */
export interface ReservationSlice {
  reservations: Reservation[]
  next: number | null
}

/** Holders of tickets in a slice of the reservations, or people in a slice of a waiting list. The next slice starts after `next` (null: this was the last). */
export interface HolderSlice {
  holders: string[]
  next: number | null
}

/** Reservations that changed, as they are now. The next slice starts after `upTo`. */
export interface ChangedSlice {
  reservations: Reservation[]
  upTo: number
  isLast: boolean
  /** Nothing of a cancelled pool is valid. */
  isCancelled: boolean
}
