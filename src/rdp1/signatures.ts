// What the deployment signs with its Ed25519 key (RFC 8032): commitments, attempts, cancellations and receipts.

import {
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  sign as signEd25519,
  verify as verifyEd25519,
} from 'node:crypto'
import { concat, fromHex, hash32, LP, toHex, u32, u64 } from './encoding.ts'

export const ED25519_SIGNATURE_BYTES = 64

/** Opaque: make it once with signingKeyFromSeed and keep it, parsing a key costs more than signing. */
export interface SigningKey {
  readonly privateKey: KeyObject
  /** 64 hex digits, as published in /.well-known/tombola.json. */
  readonly publicKey: string
}

// The fixed DER headers of RFC 8410 before the 32 raw bytes of an Ed25519 private and public key.
const PKCS8_PREFIX = fromHex('302e020100300506032b657004220420')
const SPKI_PREFIX = fromHex('302a300506032b6570032100')

const signingKeys = new Map<string, SigningKey>()

/** The key of a 32-byte seed (RFC 8032 §5.1.5), as 64 hex digits; one handle a seed. */
export function signingKeyFromSeed(seed: string): SigningKey {
  const known = signingKeys.get(seed)
  if (known !== undefined) return known
  const der = concat(PKCS8_PREFIX, fromHex(seed, 32))
  const privateKey = createPrivateKey({ key: asBuffer(der), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  const key = { privateKey, publicKey: toHex(spki.subarray(SPKI_PREFIX.length)) }
  signingKeys.set(seed, key)
  return key
}

/** The 32 raw bytes of a key's public half. */
export function publicKeyOf(key: SigningKey): Uint8Array {
  return fromHex(key.publicKey, 32)
}

export function sign(key: SigningKey, message: Uint8Array): Uint8Array {
  return new Uint8Array(signEd25519(null, message, key.privateKey))
}

/** False for anything malformed: a key or a signature of another length is just not one. */
export function verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== ED25519_SIGNATURE_BYTES) return false
  try {
    const key = createPublicKey({
      key: asBuffer(concat(SPKI_PREFIX, publicKey)),
      format: 'der',
      type: 'spki',
    })
    return verifyEd25519(null, message, key, signature)
  } catch {
    return false
  }
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

/** One ticket of a receipt; `logIndex` is the place of its entry in the sale log, from 0. */
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

/** node:crypto takes DER as a Buffer only; this is a view, not a copy. */
function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
