/** Public ids: TypeIDs (a prefix that says what it names, a UUIDv7 inside), and the schema of each. */
import { typeidUnboxed } from 'typeid-js'
import * as z from 'zod'

/** Every kind of thing that has a public id. */
export const ID_PREFIXES = {
  user: 'user',
  session: 'session',
  organisation: 'org',
  raffle: 'raffle',
  reservation: 'res',
  winner: 'winner',
  sweep: 'sweep',
} as const
export type IdKind = keyof typeof ID_PREFIXES

export const newId = (kind: IdKind): string => typeidUnboxed(ID_PREFIXES[kind])

/** Crockford's base 32, as TypeIDs spell it, beside the digits that JavaScript's numbers know. */
const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz'
const DIGITS = '0123456789abcdefghijklmnopqrstuv'
const toCrockford = new Map([...DIGITS].map((digit, index) => [digit, CROCKFORD[index]!]))
const toDigit = new Map([...CROCKFORD].map((letter, index) => [letter, DIGITS[index]!]))
const ID_LETTERS = 26

const spell = (text: string, letters: Map<string, string>): string => {
  let spelt = ''
  for (const letter of text) spelt += letters.get(letter)
  return spelt
}

/** The 128 bits of the UUID inside an id. */
export function idBits(id: string): bigint {
  const digits = spell(id.slice(-ID_LETTERS), toDigit)
  // Fifty bits at a time: as much as a number holds exactly.
  const part = (from: number, to: number) => BigInt(Number.parseInt(digits.slice(from, to), 32))
  return (part(0, 6) << 100n) | (part(6, 16) << 50n) | part(16, 26)
}

/** An id made of the 128 bits of a UUIDv7. */
export const idFromBits = (kind: IdKind, bits: bigint): string =>
  `${ID_PREFIXES[kind]}_${spell(bits.toString(32).padStart(ID_LETTERS, '0'), toCrockford)}`

/** The schema of one kind of id. */
export const Id = (kind: IdKind) =>
  z
    .string()
    .regex(
      new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `must be an id that starts with ${ID_PREFIXES[kind]}_`,
    )
