// The cryptography that is slow in script. A platform may pass its own; a browser uses the one here.

import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE } from '@noble/curves/utils.js'
import { sha256, sha512 } from '@noble/hashes/sha2.js'
import { concat, equalBytes } from './encoding.ts'

export interface Sha256Stream {
  update(bytes: Uint8Array): void
  /** Ends the stream, so call it once. */
  digest(): Uint8Array
}

export interface Primitives {
  /** A SHA-256 over more bytes than memory should hold at once. */
  sha256Stream(): Sha256Stream
  /**
   * Whether the signature's R is exactly the encoding of [S]B − [k]A, and S is below the group's order. False for a
   * key that is no point. Platforms differ on weak points, so signatures.ts refuses those before it calls this.
   */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean
}

const { Point } = ed25519
const R_BYTES = 32

export const scriptPrimitives: Primitives = {
  sha256Stream: () => sha256.create(),
  verifyEd25519: (publicKey, message, signature) => {
    // RFC 8032 §5.1.7 allows two equations. The library multiplies both sides by the cofactor; OpenSSL and BoringSSL
    // do not. A proof must not hold here and fail there, so this is the equation of OpenSSL and BoringSSL.
    const r = signature.subarray(0, R_BYTES)
    try {
      const a = Point.fromBytes(publicKey)
      const k = Point.Fn.create(bytesToNumberLE(sha512(concat(r, publicKey, message))))
      const s = bytesToNumberLE(signature.subarray(R_BYTES))
      // multiplyUnsafe throws unless s is below the group's order. Nothing here is secret, so its timing may vary.
      const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k))
      return equalBytes(expected.toBytes(), r)
    } catch {
      return false
    }
  },
}
