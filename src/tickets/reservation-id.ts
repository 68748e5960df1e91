/**
 * A reservation's id contains its address: a UUIDv7 whose 74 free bits are its place in the pool's sequence (32) and
 * the pool's name (42). So a reservation is found without an index and without the database. RFC 9562 §6.2 allows a
 * counter there. Ids are not secrets: knowing one is not enough, since only the holder may read a reservation.
 */
import { idOfWords, type UuidWords, wordsOf } from '../core/ids.ts'

/** The pool's bits are ten bits of the third word and the whole fourth word. */
const POOL_HIGH_BITS = 10
const POOL_HIGH_VALUES = 2 ** POOL_HIGH_BITS
/** The place's bits are twelve bits of the second word and twenty bits of the third. */
const LOW_SEQ_VALUES = 2 ** 20
/** The version (7) in the second word and the variant (binary 10) in the third: RFC 9562 §5.7. */
const VERSION = 0x7000
const VARIANT = 2 ** 31
const HALF_WORD = 2 ** 16

/** The name of an item's pool: the last 42 bits of the item's id, which are random. D1 keeps the names unique. */
export const poolNameOf = (itemId: string): string => poolOf(wordsOf(itemId))

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

/** The address in an id. Only the pool can say whether it has a reservation with this id. */
export function reservationAddress(id: string): ReservationAddress {
  const words = wordsOf(id)
  const high = words[1] % (HALF_WORD / 16)
  const low = Math.floor((words[2] % VARIANT) / POOL_HIGH_VALUES) % LOW_SEQ_VALUES
  return { pool: poolOf(words), seq: high * LOW_SEQ_VALUES + low }
}

const poolOf = ([, , high, low]: UuidWords): string =>
  (high % POOL_HIGH_VALUES).toString(16).padStart(3, '0') + low.toString(16).padStart(8, '0')
