/** The requests and answers of a pool's waiting list. */
import type { Entrant, Outcome } from './pool-contract.ts'

export interface JoinRequest {
  /** The ticket type, or its capacity group. */
  itemId: string
  /** In the pool of a capacity group: see `waitKey`. */
  holder: string
  entrant: Entrant
  quantity: number
  /** In the pool of a capacity group: the ticket type, whose pool lets the person wait. */
  seatType?: SeatType
}

/** A ticket type as the pool of its capacity group knows it. */
export interface SeatType {
  pool: string
  itemId: string
  /** Of its terms: a newer version replaces an older one. */
  version: number
  title: string
  /** How many tickets it has in all. Before its pool takes new terms: see `seatsUntil`. */
  total: number | null
  /** ms since 1970. */
  opensAt: number
  closesAt: number
}

/** `group`: the ticket type lets the person wait, and the pool of its capacity group keeps the list. */
export type JoinOutcome = Outcome<
  { waiting: Waiting; group: null } | { waiting: null; group: { id: string; seatType: SeatType } }
>

/** Seats that somebody wants to take for tickets of a type. */
export interface SeatRequest {
  person: string
  typePool: string
  quantity: number
}

/** A person's place on a waiting list. */
export interface Waiting {
  state: 'waiting' | 'offered'
  /** 1: the next; 0: tickets are offered. */
  position: number
  /** How many the person waits for, or is offered. */
  quantity: number
  /** ms since 1970; null: nothing is offered yet. */
  offeredUntil: number | null
}
