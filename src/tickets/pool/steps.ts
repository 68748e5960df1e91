/** A pool's whole history in order, as the log, the list and a replay need it. */
import { unpackNumbers } from './numbers.ts'
import type { ChangeKind } from './tables.ts'

/** A reservation or a change to it, with what the log and the list need of them and nothing else. */
export interface Step {
  seq: number
  reservation: number
  /** Null: the reservation itself. */
  kind: ChangeKind | null
  numbers: number[]
  tag: Uint8Array<ArrayBuffer>
  at: number
  /** Who holds it, where it was not sold at once. */
  holder: string | null
  heldUntil: number | null
  /** Where its entries begin in the log; null: it made none. */
  logIndex: number | null
}

/** In the order of their columns: read as arrays, since of a million objects each name costs. */
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
]

const STEPS_AFTER = `
  SELECT seq, NULL AS reservation, NULL AS kind, numbers, tag, at, iif(held_until IS NULL, NULL, holder) AS holder,
         held_until, log_index
  FROM reservations WHERE seq > ?1
  UNION ALL
  SELECT changes.seq, reservation, kind, coalesce(changes.numbers, reservations.numbers), tag, changes.at, NULL, NULL,
         changes.log_index
  FROM changes JOIN reservations ON reservations.seq = changes.reservation WHERE changes.seq > ?1
  ORDER BY 1`

/** Everything that happened after `seq`, in order, as a cursor. */
export function* stepsAfter(sql: SqlStorage, after: number): Generator<Step> {
  for (const row of sql.exec(STEPS_AFTER, after).raw<StepColumns>()) {
    const [seq, reservation, kind, numbers, tag, at, holder, heldUntil, logIndex] = row
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
    }
  }
}
