/** Reservations and changes as whole rows for the projection: the latest from memory, older ones from the tables. */
import type { ChangeRow, ReservationRow } from './tables.ts'

/** A reservation, or a change to one. */
export type PoolEvent = { row: ReservationRow; change?: undefined } | { row?: undefined; change: ChangeRow }

const seqOf = ({ row, change }: PoolEvent): number => (row ?? change).seq

/** While D1 is down more events than these may pile up; the projection then reads them from the tables. */
const MAX_RECENT_EVENTS = 2_000

/** The latest events without a gap: they save the projection from reading what was just written. */
export class RecentEvents {
  #events: PoolEvent[] = []

  keep(event: PoolEvent): void {
    if (this.#events.length === MAX_RECENT_EVENTS) this.#events = []
    this.#events.push(event)
  }

  /** The events after `seq`; undefined: not all of them are in memory. */
  after(seq: number): PoolEvent[] | undefined {
    const first = this.#events[0]
    if (first === undefined || seqOf(first) > seq + 1) return undefined
    return this.#events.filter((event) => seqOf(event) > seq)
  }

  /** Drops the events up to `seq`. */
  forget(seq: number): void {
    this.#events = this.#events.filter((event) => seqOf(event) > seq)
  }
}

/** The events after `seq`, in order: at most `limit` reservations and `limit` changes. */
export function* eventsAfter(sql: SqlStorage, after: number, limit: number): Generator<PoolEvent> {
  const changes = sql
    .exec<ChangeRow>('SELECT * FROM changes WHERE seq > ? ORDER BY seq LIMIT ?', after, limit)
    [Symbol.iterator]()
  const rows = sql.exec<ReservationRow>(
    'SELECT * FROM reservations WHERE seq > ? ORDER BY seq LIMIT ?',
    after,
    limit,
  )
  let change = changes.next()
  for (const row of rows) {
    while (!change.done && change.value.seq < row.seq) {
      yield { change: change.value }
      change = changes.next()
    }
    yield { row }
  }
  while (!change.done) {
    yield { change: change.value }
    change = changes.next()
  }
}
