// The beacon (rdp1 step 8): its BLS signature of a round's number, checked against a built-in key.

import { bls12_381 } from '@noble/curves/bls12-381.js'
import { type Chain, DEV_SECRET } from './chains.ts'
import { equalBytes, fromHex, sha256, u64 } from './encoding.ts'

const DST = 'BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_'
const { shortSignatures } = bls12_381

/** A compressed point of G1. */
const SIGNATURE_BYTES = 48

/** Whether `signature` is the chain's signature of this round; false for malformed bytes too. */
export function verifyBeacon(chain: Chain, round: number, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES || !Number.isSafeInteger(round) || round < 1) return false
  try {
    const point = shortSignatures.Signature.fromBytes(signature)
    // Decoding reduces x modulo the field's prime, so a point can have two encodings. The randomness is a hash of the
    // encoding: without this line, the publisher of a round could choose between two outcomes.
    if (!equalBytes(shortSignatures.Signature.toBytes(point), signature)) return false
    return shortSignatures.verify(point, messageOf(round), fromHex(chain.publicKey))
  } catch {
    return false
  }
}

/** The dev chain's signature of any round, published or not. */
export function signDevRound(round: number): Uint8Array {
  return shortSignatures.Signature.toBytes(shortSignatures.sign(messageOf(round), fromHex(DEV_SECRET)))
}

function messageOf(round: number) {
  return shortSignatures.hash(sha256(u64(round)), DST)
}
