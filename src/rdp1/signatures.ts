// The messages that the deployment signs with its Ed25519 key (RFC 8032), and how to verify them.

import { concat, hash32, LP, toHex, u32, u64 } from './encoding.ts'
import type { Primitives } from './primitives.ts'

const POINT_BYTES = 32
const ED25519_SIGNATURE_BYTES = 64

/** A signing key of the platform, which keeps the private half. */
export interface SigningKey {
  /** 64 hex digits, as published in /.well-known/tombola.json. */
  readonly publicKey: string
  sign(message: Uint8Array): Uint8Array
}

/** The encoded y of every point of small order, without the sign of x. */
const SMALL_ORDER = new Set([
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
])

/**
 * Returns false for a malformed key or signature, and if the key or the signature's R is a weak point. No honest
 * signer makes a weak point, and platforms differ in whether they accept one.
 */
export function verify(
  { verifyEd25519 }: Pick<Primitives, 'verifyEd25519'>,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== POINT_BYTES || signature.length !== ED25519_SIGNATURE_BYTES) return false
  if (isWeakPoint(publicKey) || isWeakPoint(signature.subarray(0, POINT_BYTES))) return false
  return verifyEd25519(publicKey, message, signature)
}

/** Whether an encoded point is of small order, so that it fits many messages, or its y is not below the prime. */
function isWeakPoint(point: Uint8Array): boolean {
  const y = new Uint8Array(point)
  y[31] = (y[31] as number) & 0x7f
  // The prime is 2²⁵⁵ − 19, in little-endian bytes ed ff … ff 7f; a canonical y is below it.
  const isCanonical =
    (y[0] as number) < 0xed || y[31] !== 0x7f || y.subarray(1, 31).some((byte) => byte !== 0xff)
  return !isCanonical || SMALL_ORDER.has(toHex(y))
}

export function signedCommitMessage(commitment: Uint8Array): Uint8Array {
  return concat(LP('rdp1/signed-commit'), hash32(commitment))
}

export function signedAttemptMessage(attemptHash: Uint8Array): Uint8Array {
  return concat(LP('rdp1/signed-attempt'), hash32(attemptHash))
}

/** `at` is in unix milliseconds. */
export function signedCancelMessage(commitment: Uint8Array, at: number, reason: string): Uint8Array {
  return concat(LP('rdp1/signed-cancel'), hash32(commitment), u64(at), LP(reason))
}

/** One ticket of a receipt. `logIndex` is its entry's place in the sale log, from 0. */
export function receiptMessage(ticket: {
  raffleId: string
  userId: string
  salt: Uint8Array
  number: number
  logIndex: number
  unixMs: number
}): Uint8Array {
  return concat(
    LP('rdp1/receipt'),
    LP(ticket.raffleId),
    LP(ticket.userId),
    LP(ticket.salt),
    u32(ticket.number),
    u64(ticket.logIndex),
    u64(ticket.unixMs),
  )
}
