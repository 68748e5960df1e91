// Turns rdp1's values into bytes: big-endian integers, length-prefixed text, SHA-256 and lower-case hex.

import { sha256 as hashBytes } from '@noble/hashes/sha2.js'

/** The length of a SHA-256 hash and of a holder tag, in bytes. */
export const HASH_BYTES = 32

const encoder = new TextEncoder()

export function utf8(text: string): Uint8Array {
  return encoder.encode(text)
}

export function u8(value: number): Uint8Array {
  return Uint8Array.of(checked(value, 0xff))
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  writeU32(bytes, 0, value)
  return bytes
}

export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8)
  writeU64(bytes, 0, value)
  return bytes
}

/** `u32(byte length) ‖ bytes`. Text is encoded as UTF-8, and is never normalised. */
export function LP(value: string | Uint8Array): Uint8Array {
  const bytes = typeof value === 'string' ? utf8(value) : value
  return concat(u32(bytes.length), bytes)
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return concatAll(parts)
}

/** As concat, for lists that are too long for the arguments of a call. */
export function concatAll(parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const joined = new Uint8Array(length)
  let offset = 0
  for (const part of parts) {
    joined.set(part, offset)
    offset += part.length
  }
  return joined
}

export function writeU32(target: Uint8Array, offset: number, value: number): void {
  checked(value, 0xffff_ffff)
  target[offset] = value >>> 24
  target[offset + 1] = value >>> 16
  target[offset + 2] = value >>> 8
  target[offset + 3] = value
}

/** Writes values up to 2⁵³ − 1, which covers every time and size of the protocol. A seed's u64 words are bigints. */
export function writeU64(target: Uint8Array, offset: number, value: number): void {
  checked(value, Number.MAX_SAFE_INTEGER)
  writeU32(target, offset, Math.floor(value / 0x1_0000_0000))
  writeU32(target, offset + 4, value % 0x1_0000_0000)
}

/**
 * SHA-256 of the joined parts. It runs in script: for short inputs, a call into the platform costs more than the hash.
 * A whole list goes through the stream of `primitives.ts` instead.
 */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hashBytes(parts.length === 1 ? (parts[0] as Uint8Array) : concatAll(parts))
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]
  return text
}

/** Throws a RangeError unless `text` is lower-case hex, and has `length` bytes if that is given. */
export function fromHex(text: string, length?: number): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) throw new RangeError('not lower-case hex')
  if (length !== undefined && text.length !== length * 2) throw new RangeError(`not ${length} bytes of hex`)
  const bytes = new Uint8Array(text.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(i * 2, i * 2 + 2), 16)
  return bytes
}

/** Bytewise order: "ascending bytewise" in the protocol. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/** Throws unless `bytes` has the length of a hash or tag: a shorter one would shift every byte hashed after it. */
export function hash32(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== HASH_BYTES) throw new RangeError(`expected ${HASH_BYTES} bytes, got ${bytes.length}`)
  return bytes
}

function checked(value: number, max: number): number {
  if (!Number.isInteger(value) || value < 0 || value > max) {
    throw new RangeError(`${value} is not an integer between 0 and ${max}`)
  }
  return value
}
