/** The SQL statements of a pool's waiting list, and of the ticket types of a capacity group. It decides nothing. */
import type { SeatTypeRow, WaitingRow } from './tables.ts'

export class WaitingStore {
  readonly #sql: SqlStorage

  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  /** The waiting list, in the order of joining. */
  all(): WaitingRow[] {
    return this.#sql.exec<WaitingRow>('SELECT * FROM waiting ORDER BY seq').toArray()
  }

  /** `typePool`: who waits for this ticket type of a capacity group; null: everybody. */
  after(seq: number, limit: number, typePool: string | null): WaitingRow[] {
    const query = `
      SELECT * FROM waiting WHERE seq > ?1 AND (?2 IS NULL OR substr(holder, instr(holder, ':') + 1) = ?2)
      ORDER BY seq LIMIT ?3`
    return this.#sql.exec<WaitingRow>(query, seq, typePool, limit).toArray()
  }

  insert({ seq, holder, quantity, at }: WaitingRow): void {
    this.#sql.exec(
      'INSERT INTO waiting (seq, holder, quantity, at) VALUES (?, ?, ?, ?)',
      seq,
      holder,
      quantity,
      at,
    )
    this.#sql.exec('UPDATE pool SET seq = ?', seq)
  }

  update(seq: number, holder: string, quantity: number): void {
    this.#sql.exec('UPDATE waiting SET quantity = ? WHERE holder = ?', quantity, holder)
    this.#sql.exec('UPDATE pool SET seq = ?', seq)
  }

  delete(seq: number, holder: string): void {
    this.#sql.exec('DELETE FROM waiting WHERE holder = ?', holder)
    this.#sql.exec('UPDATE pool SET seq = ?', seq)
  }

  seatTypes(): SeatTypeRow[] {
    return this.#sql.exec<SeatTypeRow>('SELECT * FROM seat_types').toArray()
  }

  writeSeatType({ pool, item_id, version, title, total, opens_at, closes_at }: SeatTypeRow): void {
    this.#sql.exec(
      `INSERT INTO seat_types (pool, item_id, version, title, total, opens_at, closes_at)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (pool) DO UPDATE SET version = excluded.version, title = excluded.title, total = excluded.total,
         opens_at = excluded.opens_at, closes_at = excluded.closes_at`,
      pool,
      item_id,
      version,
      title,
      total,
      opens_at,
      closes_at,
    )
  }
}
