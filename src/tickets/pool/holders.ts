/** The holders of a pool's numbers: how many each owns, and the tag that names each in the sale log. */
import { validNumbers } from '../pool-contract.ts'
import type { FoldedReservation } from './reservation-state.ts'
import type { PoolStore } from './store.ts'
import type { ReservationRow } from './tables.ts'

/** The sale log's name of a holder: a salted hash, which is anonymous once the salt is erased. */
export interface HolderTag {
  salt: Uint8Array<ArrayBuffer> | null
  tag: Uint8Array<ArrayBuffer>
}

/** For a pool without a log. */
export const noTag = (): HolderTag => ({ salt: null, tag: new Uint8Array(0) })

export interface Holder extends HolderTag {
  /** The count of the holder's numbers: with held ones and those given to others, without those got from others. */
  owned: number
}

const MAX_CACHED_HOLDERS = 20_000

export class Holders {
  readonly #cached = new Map<string, Holder>()
  readonly #store: PoolStore
  readonly #fold: (row: ReservationRow) => FoldedReservation
  readonly #newTag: (holder: string) => HolderTag

  constructor(
    store: PoolStore,
    fold: (row: ReservationRow) => FoldedReservation,
    newTag: (holder: string) => HolderTag,
  ) {
    this.#store = store
    this.#fold = fold
    this.#newTag = newTag
  }

  /** Reads from the cache or the store. The caller must add to `owned` what it reserves. */
  get(name: string): Holder {
    const cached = this.#cached.get(name)
    if (cached !== undefined) return cached
    const holder = this.#read(name)
    if (this.#cached.size >= MAX_CACHED_HOLDERS) this.#cached.delete(this.#cached.keys().next().value!)
    this.#cached.set(name, holder)
    return holder
  }

  /** Call this after a holder loses numbers: the next `get` counts them again. */
  forget(name: string): void {
    this.#cached.delete(name)
  }

  #read(name: string): Holder {
    let known: HolderTag | undefined
    let owned = 0
    for (const row of this.#store.reservationsOf(name)) {
      const { reservation } = this.#fold(row)
      // A number counts for whoever got it first.
      if (reservation.state === 'held') owned += reservation.numbers.length
      else if (row.moved_from === null) owned += validNumbers(reservation).length
      if (row.salt !== null) known = { salt: new Uint8Array(row.salt), tag: new Uint8Array(row.tag) }
    }
    const { salt, tag } = known ?? this.#newTag(name)
    return { salt, tag, owned }
  }
}
