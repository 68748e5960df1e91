/** Reads reservations in their present state: the row, the changes to it, and what was transferred out of it. */
import { validNumbers } from '../pool-contract.ts'
import { type FoldedReservation, foldReservation } from './reservation-state.ts'
import type { PoolStore } from './store.ts'
import type { ReservationRow } from './tables.ts'

export class Reservations {
  readonly #name: string
  readonly #store: PoolStore
  /** Whether `changes` has any rows: a free raffle has none, and never needs to read them. */
  #isChanged: boolean
  /** Whether any number was ever transferred. */
  #isMoved: boolean

  constructor(name: string, store: PoolStore, isChanged: boolean) {
    this.#name = name
    this.#store = store
    this.#isChanged = isChanged
    this.#isMoved = isChanged && store.hasMoves()
  }

  noteChange(): void {
    this.#isChanged = true
  }

  noteMove(): void {
    this.#isMoved = true
  }

  fold(row: ReservationRow): FoldedReservation {
    const changes = this.#isChanged ? this.#store.changesOf(row.seq) : []
    const isMoved = this.#isMoved && changes.some(({ kind }) => kind === 'voided')
    return foldReservation(
      this.#name,
      row,
      changes,
      isMoved ? this.#movedOf(row) : [],
      this.#firstOf(row).seq,
    )
  }

  /** Where its numbers were first sold. A number moves once or twice. */
  #firstOf(row: ReservationRow): ReservationRow {
    return row.moved_from === null ? row : this.#firstOf(this.#store.reservation(row.moved_from)!)
  }

  /** The numbers that were transferred from it and are valid, in any number of steps. */
  #movedOf({ seq }: ReservationRow): number[] {
    return this.#store.movedFrom(seq).flatMap((row) => validNumbers(this.fold(row).reservation))
  }

  /** A row that another row names. */
  row(seq: number): ReservationRow {
    return this.#store.reservation(seq)!
  }

  /** The reservation with this `seq` and this id; undefined: none. */
  find(seq: number, id: string): { row: ReservationRow; folded: FoldedReservation } | undefined {
    const row = this.#store.reservation(seq)
    if (row === undefined) return undefined
    const folded = this.fold(row)
    return folded.reservation.id === id ? { row, folded } : undefined
  }
}
