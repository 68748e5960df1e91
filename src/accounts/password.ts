/** Passwords: scrypt (RFC 7914), with the parameters stored beside the hash. An unknown user costs the same work. */
import crypto from 'node:crypto'

interface Parameters {
  /** Binary logarithm of the cost N. */
  log2N: number
  blockSize: number
  parallelism: number
}

/** N=2¹⁴ r=8 p=5 (OWASP's choice for 16 MiB): about 100 ms. The platform allows N·r·p up to 2²⁰. */
const CURRENT: Parameters = { log2N: 14, blockSize: 8, parallelism: 5 }
const SALT_BYTES = 16
const KEY_BYTES = 32
/** scrypt needs 128·N·r bytes and a little more. */
const MAX_MEMORY_BYTES = 2 * 128 * 2 ** CURRENT.log2N * CURRENT.blockSize

/** The hash to check for an unknown address: it costs the same work and never matches. */
const UNKNOWN_USERS_HASH = format(CURRENT, Buffer.alloc(SALT_BYTES), Buffer.alloc(KEY_BYTES))

/** Two keyboards may encode one password differently, so NIST SP 800-63B §5.1.1.2 requires NFKC. */
export const inOneForm = (password: string): string => password.normalize('NFKC')

/** Hashes with the current parameters and a new salt. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(Buffer.alloc(SALT_BYTES))
  return format(CURRENT, salt, await derive(password, salt, CURRENT))
}

export interface PasswordCheck {
  matches: boolean
  /** The hash has old parameters: store a new one while the password is known. */
  isOutdated: boolean
}

/** Compares in constant time. `stored` is undefined for an unknown user, which takes as long. */
export async function checkPassword(password: string, stored: string | undefined): Promise<PasswordCheck> {
  const { parameters, salt, key } = parse(stored ?? UNKNOWN_USERS_HASH)
  const isSame = crypto.timingSafeEqual(await derive(password, salt, parameters), key)
  return {
    matches: isSame && stored !== undefined,
    isOutdated: format(parameters, salt, key) !== format(CURRENT, salt, key),
  }
}

function derive(
  password: string,
  salt: Buffer,
  { log2N, blockSize, parallelism }: Parameters,
): Promise<Buffer> {
  const options = { N: 2 ** log2N, r: blockSize, p: parallelism, maxmem: MAX_MEMORY_BYTES }
  return new Promise((resolve, reject) => {
    crypto.scrypt(inOneForm(password), salt, KEY_BYTES, options, (error, key) =>
      error === null ? resolve(key) : reject(error),
    )
  })
}

function format({ log2N, blockSize, parallelism }: Parameters, salt: Buffer, key: Buffer): string {
  return [
    'scrypt',
    log2N,
    blockSize,
    parallelism,
    salt.toString('base64url'),
    key.toString('base64url'),
  ].join('$')
}

function parse(stored: string) {
  const [name, log2N, blockSize, parallelism, salt, key] = stored.split('$')
  if (name !== 'scrypt' || salt === undefined || key === undefined) throw new Error('Unknown password hash')
  return {
    parameters: { log2N: Number(log2N), blockSize: Number(blockSize), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64url'),
    key: Buffer.from(key, 'base64url'),
  }
}
