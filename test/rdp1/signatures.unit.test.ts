// Ed25519 in script against the platform's: both agree on every signature, genuine or forged.

import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesToNumberLE, numberToBytesLE } from '@noble/curves/utils.js'
import { sha512 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeCrypto, signingKeyFromSeed } from '../../src/core/native-crypto.ts'
import { concat, fromHex, toHex, u32, utf8 } from '../../src/rdp1/encoding.ts'
import { scriptPrimitives } from '../../src/rdp1/primitives.ts'
import { verify } from '../../src/rdp1/signatures.ts'

const { Point } = ed25519
type Point = InstanceType<typeof Point>
const ORDER = Point.Fn.ORDER
const PRIME = Point.Fp.ORDER

/** The verdict of both implementations, which must agree. */
function verdict(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const native = verify(nativeCrypto, publicKey, message, signature)
  const script = verify(scriptPrimitives, publicKey, message, signature)
  const what = [publicKey, message, signature].map(toHex).join(' ')
  if (script !== native) expect.fail(`script says ${script}, the platform ${native}, of ${what}`)
  return script
}

const KEY = signingKeyFromSeed('11'.repeat(32))
const publicKey = fromHex(KEY.publicKey)
const message = utf8('rdp1')
const signature = KEY.sign(message)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

function flipped(from: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(from)
  const at = bit >> 3
  copy[at] = (copy[at] as number) ^ (1 << (bit & 7))
  return copy
}

/** The eight points whose order divides the cofactor, as multiples of one of order eight. */
function smallOrderPoints() {
  for (let y = 0n; ; y++) {
    let point: Point
    try {
      point = Point.fromBytes(numberToBytesLE(y, 32))
    } catch {
      continue
    }
    // ORDER · P is the part of P whose order divides eight; multiplyUnsafe accepts only factors below ORDER.
    const torsion = point.multiplyUnsafe(ORDER - 1n).add(point)
    if (torsion.double().double().is0()) continue
    return Array.from({ length: 8 }, (_, i) => torsion.multiplyUnsafe(BigInt(i)))
  }
}

describe('a signature', () => {
  it('matches RFC 8032 §7.1, test 2', () => {
    const key = signingKeyFromSeed('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb')
    expect(key.publicKey).toBe('3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c')
    const signed = key.sign(Uint8Array.of(0x72))
    expect(toHex(signed)).toBe(
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
    )
    expect(verdict(fromHex(key.publicKey), Uint8Array.of(0x72), signed)).toBe(true)
  })

  it('holds for its own key and message only', () => {
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 300 }), (seed, text) => {
        const key = signingKeyFromSeed(toHex(seed))
        const signed = key.sign(text)
        expect(verdict(fromHex(key.publicKey), text, signed)).toBe(true)
        expect(verdict(fromHex(key.publicKey), concat(text, u32(0)), signed)).toBe(false)
        expect(verdict(publicKey, text, signed)).toBe(false)
      }),
      { numRuns: 20 },
    )
  })

  it('fails with a flipped bit of the key or the signature', () => {
    for (let bit = 0; bit < 256; bit++)
      expect(verdict(flipped(publicKey, bit), message, signature)).toBe(false)
    for (let bit = 0; bit < 512; bit++)
      expect(verdict(publicKey, message, flipped(signature, bit))).toBe(false)
  })

  it('fails if the key or the signature has another length, or is random', () => {
    for (const length of [0, 31, 33, 64]) {
      expect(verdict(new Uint8Array(length), message, signature)).toBe(false)
    }
    for (const length of [0, 32, 63, 65]) {
      expect(verdict(publicKey, message, new Uint8Array(length))).toBe(false)
    }
    fc.assert(
      fc.property(bytes(32), bytes(64), (key, signed) => {
        expect(verdict(key, message, signed)).toBe(false)
      }),
    )
  })

  it('has one S: an equal S above the group’s order is refused', () => {
    const s = bytesToNumberLE(signature.subarray(32))
    for (let twin = s + ORDER; twin < 1n << 256n; twin += ORDER) {
      expect(verdict(publicKey, message, concat(signature.subarray(0, 32), numberToBytesLE(twin, 32)))).toBe(
        false,
      )
    }
  })

  /** The verdict on a signature made from the scalars of key and R. It fits except for the parts of small order. */
  function signedWith(key: { a: bigint; plus: Point }, nonce: { r: bigint; plus: Point }, text: Uint8Array) {
    const encodedKey = Point.BASE.multiplyUnsafe(key.a).add(key.plus).toBytes()
    const encodedR = Point.BASE.multiplyUnsafe(nonce.r).add(nonce.plus).toBytes()
    const k = Point.Fn.create(bytesToNumberLE(sha512(concat(encodedR, encodedKey, text))))
    const s = numberToBytesLE(Point.Fn.create(nonce.r + k * key.a), 32)
    return verdict(encodedKey, text, concat(encodedR, s))
  }
  const torsion = smallOrderPoints()
  const pairs = torsion.flatMap((inKey) => torsion.map((inR) => [inKey, inR] as const))

  it('fails if the key or R is of small order', () => {
    expect(new Set(torsion.map((point) => point.toHex())).size).toBe(8)
    for (const [inKey, inR] of pairs) {
      for (const [a, r] of [
        [0n, 0n],
        [0n, 77n],
        [77n, 0n],
      ] as const) {
        expect(signedWith({ a, plus: inKey }, { r, plus: inR }, message)).toBe(false)
      }
    }
  })

  it('gets the same verdict if the key or R has a part of small order, which only a cheat can make', () => {
    const verdicts = pairs.flatMap(([inKey, inR]) =>
      [0, 1, 2, 3].map((i) => signedWith({ a: 77n, plus: inKey }, { r: 99n, plus: inR }, u32(i))),
    )
    // An equation that ignores these parts would accept all of them.
    expect(verdicts).toContain(true)
    expect(verdicts).toContain(false)
  })

  it('fails if the y of the key or R is not below the prime, or the sign of x = 0 is negative', () => {
    const identity = Point.ZERO.toBytes()
    const misspelt = [flipped(identity, 255), flipped(numberToBytesLE(PRIME - 1n, 32), 255)]
    for (let y = PRIME; y < 1n << 255n; y++) {
      misspelt.push(numberToBytesLE(y, 32), flipped(numberToBytesLE(y, 32), 255))
    }
    for (const point of misspelt) {
      for (let i = 0; i < 8; i++) {
        // With S = 0, R = identity and a key of small order the equation holds for one message in a few.
        expect(verdict(point, u32(i), concat(identity, new Uint8Array(32)))).toBe(false)
        expect(verdict(point, u32(i), signature)).toBe(false)
        expect(verdict(publicKey, u32(i), concat(point, signature.subarray(32)))).toBe(false)
      }
    }
  })
})

describe('the stream of SHA-256', () => {
  it('gives the same hash in script and by the platform, however the bytes are split', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (parts) => {
        const digests = [scriptPrimitives, nativeCrypto].map(({ sha256Stream }) => {
          const stream = sha256Stream()
          for (const part of parts) stream.update(part)
          return toHex(stream.digest())
        })
        expect(digests[0]).toBe(digests[1])
      }),
    )
  })
})
