/** What a pool knows of each holder: how many numbers they own, and by which tag the sale log names them. */
import type { FoldedReservation } from './reservation-state.ts'
import type { PoolStore } from './store.ts'
import type { ReservationRow } from './tables.ts'

/** How the sale log names a holder: a salted hash, which says nothing once the salt is erased. */
export interface HolderTag {
  salt: Uint8Array<ArrayBuffer> | null
  tag: Uint8Array<ArrayBuffer>
}

/** Where there is no log, nobody needs a tag. */
export const noTag = (): HolderTag => ({ salt: null, tag: new Uint8Array(0) })

export interface Holder extends HolderTag {
  /** Numbers that are the holder's now, held ones included. */
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

  /** From the cache or from the holder's reservations; the caller counts in `owned` what it sells. */
  get(name: string): Holder {
    const cached = this.#cached.get(name)
    if (cached !== undefined) return cached
    const holder = this.#read(name)
    if (this.#cached.size >= MAX_CACHED_HOLDERS) this.#cached.delete(this.#cached.keys().next().value!)
    this.#cached.set(name, holder)
    return holder
  }

  /** To be called whenever something but a sale changes what the holder owns. */
  forget(name: string): void {
    this.#cached.delete(name)
  }

  #read(name: string): Holder {
    let known: HolderTag | undefined
    let owned = 0
    for (const row of this.#store.reservationsOf(name)) {
      const { reservation } = this.#fold(row)
      if (reservation.state === 'held' || reservation.state === 'sold') owned += reservation.numbers.length
      if (row.salt !== null) known = { salt: new Uint8Array(row.salt), tag: new Uint8Array(row.tag) }
    }
    const { salt, tag } = known ?? this.#newTag(name)
    return { salt, tag, owned }
  }
}
