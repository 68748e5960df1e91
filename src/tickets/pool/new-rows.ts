/** The rows of new reservations. Pure. */
import type { ReserveRequest, TransferRequest } from '../pool-contract.ts'
import type { HolderTag } from './holders.ts'
import { packNumbers } from './numbers.ts'
import type { ReservationRow } from './tables.ts'

interface Facts {
  seq: number
  /** ms since 1970. */
  at: number
  holder: HolderTag
}

interface ReserveFacts extends Facts {
  numbers: number[]
  /** Null: sold at once. */
  holdMs: number | null
  /** The place of the next entry in the log; null: there is no log. */
  logIndex: number | null
  /** See `ReservationRow`. */
  offerSeq: number | null
}

export const reservedRow = (
  { holder, key, request, entrant, entry, buyer }: ReserveRequest,
  { seq, at, holder: { tag, salt }, numbers, holdMs, logIndex, offerSeq }: ReserveFacts,
): ReservationRow => ({
  seq,
  holder,
  key,
  request,
  numbers: packNumbers(numbers),
  tag: tag.buffer,
  salt: salt?.buffer ?? null,
  at,
  held_until: holdMs === null ? null : at + holdMs,
  log_index: holdMs === null ? logIndex : null,
  proved: entrant.isProved ? 1 : 0,
  moved_from: null,
  entry: entry === undefined || entry === 'grant' ? null : entry,
  buyer: buyer?.person ?? null,
  buyer_order: buyer?.order ?? null,
  offer_seq: offerSeq,
})

/** Of a number that another holder gets from the reservation `from`. */
export const movedRow = (
  from: ReservationRow,
  number: number,
  { holder, key }: TransferRequest,
  { seq, at, holder: { tag, salt } }: Facts,
): ReservationRow => ({
  seq,
  holder,
  key,
  request: '',
  numbers: packNumbers([number]),
  tag: tag.buffer,
  salt: salt?.buffer ?? null,
  at,
  held_until: null,
  log_index: null,
  proved: 1,
  moved_from: from.seq,
  entry: null,
  buyer: null,
  buyer_order: null,
  offer_seq: null,
})
