/**
 * A reservation's id says where it lives: a UUIDv7 whose 74 free bits are its place in the pool's order (32) and the
 * pool's name (42), so that a reservation is found without an index and without asking the database.
 * RFC 9562 §6.2 allows a counter there. Ids are not secrets: who may read a reservation is decided by its holder.
 */
import { Buffer } from 'node:buffer'
import { idBytes, idFromBytes } from '../core/ids.ts'

const POOL_BITS = 42n
const POOL_MASK = (1n << POOL_BITS) - 1n

/** The name of a raffle's pool: the last 42 bits of the raffle's id, all of them random (unique by the database). */
export function poolNameOf(ownerId: string): string {
  return formatPool(tail(idBytes(ownerId)) & POOL_MASK)
}

export interface ReservationAddress {
  pool: string
  seq: number
}

/** The id of the reservation with place `seq` in `pool`, made at `at` (ms since 1970). */
export function reservationId(pool: string, seq: number, at: number): string {
  const sequence = BigInt(seq)
  const head = (BigInt(at) << 16n) | 0x7000n | (sequence >> 20n)
  const rest = (0b10n << 62n) | ((sequence & 0xfffffn) << POOL_BITS) | BigInt(`0x${pool}`)
  const bytes = Buffer.alloc(16)
  bytes.writeBigUInt64BE(head, 0)
  bytes.writeBigUInt64BE(rest, 8)
  return idFromBytes('reservation', bytes)
}

/** Where the reservation of an id lives; whether it is there, and the id is its own, the pool says. */
export function reservationAddress(id: string): ReservationAddress {
  const bytes = Buffer.from(idBytes(id))
  const high = BigInt(bytes.readUInt16BE(6) & 0xfff)
  const rest = tail(bytes)
  const seq = Number((high << 20n) | ((rest >> POOL_BITS) & 0xfffffn))
  return { pool: formatPool(rest & POOL_MASK), seq }
}

const tail = (bytes: Uint8Array): bigint => Buffer.from(bytes).readBigUInt64BE(8)

const formatPool = (bits: bigint): string => bits.toString(16).padStart(11, '0')
