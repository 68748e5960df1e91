/** A pool's records of its draw: the commitment, the attempts, and a cancellation, which any pool may have. */
import { chainByHash, timeOf } from '../../rdp1/chains.ts'
import {
  type AnyAttempt,
  type Attempt,
  type Cancellation,
  type Commitment,
  type DrawnWinner,
  isResult,
  type ResultAttempt,
} from '../pool-contract.ts'
import type { PoolStore } from './store.ts'
import type { AttemptRow, PoolRow } from './tables.ts'

export class DrawRecord {
  readonly #store: PoolStore
  #commitment: Commitment | null
  #cancellation: Cancellation | null

  constructor(store: PoolStore, { commitment, cancellation }: PoolRow) {
    this.#store = store
    this.#commitment = commitment === null ? null : (JSON.parse(commitment) as Commitment)
    this.#cancellation = cancellation === null ? null : (JSON.parse(cancellation) as Cancellation)
  }

  get commitment(): Commitment | null {
    return this.#commitment
  }

  get cancellation(): Cancellation | null {
    return this.#cancellation
  }

  /** Oldest first. */
  attempts(): AttemptRow[] {
    return this.#store.attempts()
  }

  /** The attempt that the request with this key created; null: none. */
  attemptByKey(key: string): Attempt | null {
    const row = this.attempts().find((each) => each.key === key)
    return row === undefined ? null : (JSON.parse(row.record) as Attempt)
  }

  /** Writes the commitment, and attempt 0 if a beacon draws. */
  commit(seq: number, commitment: Commitment, first: Attempt | null): void {
    if (first !== null) this.#store.insertAttempt(seq, first, null)
    this.#store.commit(seq, commitment)
    this.#commitment = commitment
  }

  addRedraw(seq: number, record: Attempt, key: string): void {
    this.#store.insertAttempt(seq, record, key)
  }

  addResult(seq: number, record: ResultAttempt, winners: DrawnWinner[]): void {
    this.#store.insertAttempt(seq, record, null)
    this.#store.writeWinners(seq, record, winners)
  }

  writeWinners(seq: number, record: Attempt, winners: DrawnWinner[]): void {
    this.#store.writeWinners(seq, record, winners)
  }

  cancel(seq: number, cancellation: Cancellation): void {
    this.#store.cancel(seq, cancellation)
    this.#cancellation = cancellation
  }

  /** When the pending attempt's round is published, or the official draw is held (ms since 1970); null: nothing is pending. */
  pendingDrawAt(): number | null {
    if (this.#commitment === null || this.#cancellation !== null) return null
    const last = this.attempts().at(-1)
    if (last === undefined) return this.#commitment.effectiveDrawAt * 1_000
    const record = JSON.parse(last.record) as AnyAttempt
    if (last.winners !== null || isResult(record)) return null
    const chain = chainByHash(this.#commitment.chain)!
    return timeOf(chain, record.round) * 1_000
  }
}
