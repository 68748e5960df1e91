/**
 * A reservation's id says where it lives: a UUIDv7 whose 74 free bits are its place in the pool's order (32) and the
 * pool's name (42), so that a reservation is found without an index and without asking the database.
 * RFC 9562 §6.2 allows a counter there. Ids are not secrets: who may read a reservation is decided by its holder.
 */
import { idBits, idFromBits } from '../core/ids.ts'

const POOL_BITS = 42n
const POOL_MASK = (1n << POOL_BITS) - 1n
const LOW_SEQ_BITS = 20n
const LOW_SEQ_MASK = (1n << LOW_SEQ_BITS) - 1n
/** The version (7) and the variant (binary 10) at their places in the 128 bits: RFC 9562 §5.7. */
const UUID_V7 = (0x7n << 76n) | (0b10n << 62n)

/** The name of a raffle's pool: the last 42 bits of the raffle's id, all of them random (unique by the database). */
export const poolNameOf = (ownerId: string): string => formatPool(idBits(ownerId) & POOL_MASK)

export interface ReservationAddress {
  pool: string
  seq: number
}

/** The id of the reservation with place `seq` in `pool`, made at `at` (ms since 1970). */
export function reservationId(pool: string, seq: number, at: number): string {
  const place = BigInt(seq)
  const bits =
    (BigInt(at) << 80n) |
    ((place >> LOW_SEQ_BITS) << 64n) |
    ((place & LOW_SEQ_MASK) << POOL_BITS) |
    BigInt(`0x${pool}`)
  return idFromBits('reservation', bits | UUID_V7)
}

/** Where the reservation of an id lives; whether it is there, and the id is its own, the pool says. */
export function reservationAddress(id: string): ReservationAddress {
  const bits = idBits(id)
  const high = (bits >> 64n) & 0xfffn
  const low = (bits >> POOL_BITS) & LOW_SEQ_MASK
  return { pool: formatPool(bits & POOL_MASK), seq: Number((high << LOW_SEQ_BITS) | low) }
}

const formatPool = (bits: bigint): string => bits.toString(16).padStart(11, '0')
