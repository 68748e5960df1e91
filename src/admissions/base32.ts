/** Bytes as Crockford's base 32 in upper case, which a QR carries in its compact alphanumeric mode. */

const LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const VALUES = new Map([...LETTERS].map((letter, value) => [letter, value]))
const LETTER_BITS = 5
const LETTER_MASK = 31
const BYTE_BITS = 8
const BYTE_MASK = 255

/** The last letter is filled up with zero bits. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = ''
  let value = 0
  let bits = 0
  for (const byte of bytes) {
    value = (value << BYTE_BITS) | byte
    bits += BYTE_BITS
    for (; bits >= LETTER_BITS; bits -= LETTER_BITS)
      text += LETTERS[(value >>> (bits - LETTER_BITS)) & LETTER_MASK]
    value &= (1 << bits) - 1
  }
  return bits === 0 ? text : text + LETTERS[(value << (LETTER_BITS - bits)) & LETTER_MASK]
}

/** Null for any text that `encodeBase32` does not make, so that bytes have one spelling. */
export function decodeBase32(text: string): Uint8Array | null {
  const bytes = new Uint8Array(Math.floor((text.length * LETTER_BITS) / BYTE_BITS))
  let at = 0
  let value = 0
  let bits = 0
  for (const letter of text) {
    const five = VALUES.get(letter)
    if (five === undefined) return null
    value = (value << LETTER_BITS) | five
    bits += LETTER_BITS
    if (bits < BYTE_BITS) continue
    bits -= BYTE_BITS
    bytes[at++] = (value >>> bits) & BYTE_MASK
    value &= (1 << bits) - 1
  }
  return bits < LETTER_BITS && value === 0 ? bytes : null
}
