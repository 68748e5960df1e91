/**
 * A reservation's id says where it lives: a UUIDv7 whose 74 free bits are its place in the pool's order (32) and the
 * pool's name (42), so that a reservation is found without an index and without asking the database.
 * RFC 9562 §6.2 allows a counter there. Ids are not secrets: who may read a reservation is decided by its holder.
 */
import { idOfWords, type UuidWords, wordsOf } from '../core/ids.ts'

/** The pool's bits: ten in the third word and the whole fourth. */
const POOL_HIGH_BITS = 10
const POOL_HIGH_VALUES = 2 ** POOL_HIGH_BITS
/** The place's bits: twelve in the second word and twenty in the third. */
const LOW_SEQ_VALUES = 2 ** 20
/** The version (7) and the variant (binary 10) at their places in the second and the third word: RFC 9562 §5.7. */
const VERSION = 0x7000
const VARIANT = 2 ** 31
const HALF_WORD = 2 ** 16

/** The name of a raffle's pool: the last 42 bits of the raffle's id, all of them random (unique by the database). */
export const poolNameOf = (ownerId: string): string => poolOf(wordsOf(ownerId))

export interface ReservationAddress {
  pool: string
  seq: number
}

/** The id of the reservation with place `seq` in `pool`, made at `at` (ms since 1970). */
export function reservationId(pool: string, seq: number, at: number): string {
  const poolHigh = Number.parseInt(pool.slice(0, 3), 16)
  const poolLow = Number.parseInt(pool.slice(3), 16)
  return idOfWords('reservation', [
    Math.floor(at / HALF_WORD),
    (at % HALF_WORD) * HALF_WORD + VERSION + Math.floor(seq / LOW_SEQ_VALUES),
    VARIANT + (seq % LOW_SEQ_VALUES) * POOL_HIGH_VALUES + poolHigh,
    poolLow,
  ])
}

/** Where the reservation of an id lives; whether it is there, and the id is its own, the pool says. */
export function reservationAddress(id: string): ReservationAddress {
  const words = wordsOf(id)
  const high = words[1] % (HALF_WORD / 16)
  const low = Math.floor((words[2] % VARIANT) / POOL_HIGH_VALUES) % LOW_SEQ_VALUES
  return { pool: poolOf(words), seq: high * LOW_SEQ_VALUES + low }
}

const poolOf = ([, , high, low]: UuidWords): string =>
  (high % POOL_HIGH_VALUES).toString(16).padStart(3, '0') + low.toString(16).padStart(8, '0')
