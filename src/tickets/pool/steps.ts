/** Reads a pool's history in order, for the log, the ticket list and the replay. */
import { unpackNumbers } from './numbers.ts'
import type { ChangeKind } from './tables.ts'

/** A reservation or a change to it, with only the fields that its readers need. */
export interface Step {
  seq: number
  reservation: number
  /** Null: the reservation itself. */
  kind: ChangeKind | null
  numbers: number[]
  tag: Uint8Array<ArrayBuffer>
  at: number
  /** Null: sold at once, or a change; but the holder of seats of a capacity group is always named. */
  holder: string | null
  heldUntil: number | null
  /** The place of its first entry in the log; null: it has none. */
  logIndex: number | null
  /** Of a reservation: whether its holder's address was proved. */
  isProved: boolean
  /** Of a change: whether a hold ended because its holder did not pay, or let an offer go. */
  isUnpaid: boolean
  /** Of a reservation: whether it was offered to somebody on the waiting list. */
  isOffer: boolean
  /** Of an offer: whether it makes an earlier one again. */
  isAgain: boolean
  /** Of a reservation in a capacity group: the person and the order that hold its seats. */
  buyer: string | null
  order: string | null
}

/** Rows are read as arrays: for a million rows, objects with named fields cost too much. */
type StepColumns = [
  seq: number,
  reservation: number | null,
  kind: ChangeKind | null,
  numbers: ArrayBuffer,
  tag: ArrayBuffer,
  at: number,
  holder: string | null,
  heldUntil: number | null,
  logIndex: number | null,
  proved: number,
  unpaid: number,
  offer: number,
  again: number,
  buyer: string | null,
  order: string | null,
]

const STEPS_AFTER = `
  SELECT seq, NULL AS reservation, NULL AS kind, numbers, tag, at, iif(held_until IS NULL AND substr(holder, 1, 4) <> 'res_', NULL, holder) AS holder,
         held_until, log_index, proved, 0 AS unpaid, entry IS 'offer' AS offer,
         entry IS 'offer' AND offer_seq IS NOT NULL AS again,
         buyer, buyer_order
  FROM reservations WHERE seq > ?1
  UNION ALL
  SELECT changes.seq, reservation, kind, coalesce(changes.numbers, reservations.numbers), tag, changes.at,
         iif(substr(holder, 1, 4) = 'res_', holder, NULL), NULL, changes.log_index, 0, unpaid, 0, 0, NULL, NULL
  FROM changes JOIN reservations ON reservations.seq = changes.reservation WHERE changes.seq > ?1
  ORDER BY 1`

/** The steps after `seq`, in order, as a cursor. */
export function* stepsAfter(sql: SqlStorage, after: number): Generator<Step> {
  for (const row of sql.exec(STEPS_AFTER, after).raw<StepColumns>()) {
    const [
      seq,
      reservation,
      kind,
      numbers,
      tag,
      at,
      holder,
      heldUntil,
      logIndex,
      proved,
      unpaid,
      offer,
      again,
      buyer,
      order,
    ] = row
    yield {
      seq,
      reservation: reservation ?? seq,
      kind,
      numbers: unpackNumbers(numbers),
      tag: new Uint8Array(tag),
      at,
      holder,
      heldUntil,
      logIndex,
      isProved: proved === 1,
      isUnpaid: unpaid === 1,
      isOffer: offer === 1,
      isAgain: again === 1,
      buyer,
      order,
    }
  }
}
