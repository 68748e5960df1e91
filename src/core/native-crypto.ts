/** SHA-256 and Ed25519 (RFC 8032) by the platform: synchronous, and much faster than JavaScript for many bytes or signatures. */
import {
  createHash,
  createPrivateKey,
  createPublicKey,
  sign as signEd25519,
  verify as verifyEd25519,
} from 'node:crypto'

// The fixed DER headers of RFC 8410 before the 32 raw bytes of an Ed25519 private and public key.
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

const SEED = /^[0-9a-f]{64}$/

export const nativeCrypto = {
  sha256Stream() {
    const state = createHash('sha256')
    return {
      update: (bytes: Uint8Array): void => void state.update(bytes),
      digest: (): Uint8Array => state.digest(),
    }
  },

  /** False for anything malformed. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    try {
      const der = Buffer.concat([SPKI_PREFIX, publicKey])
      const key = createPublicKey({ key: der, format: 'der', type: 'spki' })
      return verifyEd25519(null, message, key, signature)
    } catch {
      return false
    }
  },
}

const signingKeys = new Map<string, ReturnType<typeof makeSigningKey>>()

/**
 * The key of a 32-byte seed (RFC 8032 §5.1.5), as 64 lower-case hex digits. Parsing a key costs more than signing,
 * so each parsed key is kept.
 */
export function signingKeyFromSeed(seed: string) {
  const known = signingKeys.get(seed)
  if (known !== undefined) return known
  const key = makeSigningKey(seed)
  signingKeys.set(seed, key)
  return key
}

function makeSigningKey(seed: string) {
  if (!SEED.test(seed)) throw new RangeError('a seed is 64 digits of lower-case hex')
  const der = Buffer.concat([PKCS8_PREFIX, Buffer.from(seed, 'hex')])
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKey: spki.subarray(SPKI_PREFIX.length).toString('hex'),
    sign: (message: Uint8Array): Uint8Array => new Uint8Array(signEd25519(null, message, privateKey)),
  }
}
