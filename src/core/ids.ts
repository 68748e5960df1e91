/** Public ids: TypeIDs (a prefix for the kind, then a UUIDv7), and their schemas. */
import { typeidUnboxed } from 'typeid-js'
import * as z from 'zod'
import { keep } from './keep.ts'

/** Every kind of record that has a public id. */
export const ID_PREFIXES = {
  user: 'user',
  session: 'session',
  organisation: 'org',
  raffle: 'raffle',
  event: 'event',
  ticketType: 'ttype',
  capacityGroup: 'cgroup',
  reservation: 'res',
  checkIn: 'checkin',
  transfer: 'transfer',
  winner: 'winner',
  order: 'order',
  payment: 'pay',
  refund: 'refund',
  payout: 'payout',
  payoutMethod: 'method',
  apiKey: 'key',
  invitation: 'invite',
  mail: 'mail',
  raffleTemplate: 'template',
  series: 'series',
  lottery: 'lottery',
  lotteryRecord: 'lrecord',
  category: 'cat',
  product: 'prod',
  stockHold: 'hold',
  sweep: 'sweep',
} as const
export type IdKind = keyof typeof ID_PREFIXES

export const newId = (kind: IdKind): string => typeidUnboxed(ID_PREFIXES[kind])

/** Crockford's base 32, as TypeIDs use it: 26 letters of five bits. The first two bits are always zero. */
const LETTERS = '0123456789abcdefghjkmnpqrstvwxyz'
const LETTER_CODES = [...LETTERS].map((letter) => letter.charCodeAt(0))
const VALUE_OF_CODE = new Map(LETTER_CODES.map((code, value) => [code, value]))
const ID_LETTERS = 26
const LETTER_BITS = 5
const LETTER_VALUES = 32
const WORD_BITS = 32
const WORD_VALUES = 2 ** WORD_BITS

/** The 128 bits of a UUID as four unsigned 32-bit words, the highest first. */
export type UuidWords = [number, number, number, number]

/** The UUID inside an id. */
export function wordsOf(id: string): UuidWords {
  const words: UuidWords = [0, 0, 0, 0]
  let word = words.length
  let value = 0
  let bits = 0
  for (let at = id.length - 1; word > 0; at--) {
    value += VALUE_OF_CODE.get(id.charCodeAt(at))! * 2 ** bits
    bits += LETTER_BITS
    if (bits < WORD_BITS) continue
    words[--word] = value % WORD_VALUES
    value = Math.floor(value / WORD_VALUES)
    bits -= WORD_BITS
  }
  return words
}

/** The id of a UUID. */
export function idOfWords(kind: IdKind, words: UuidWords): string {
  const codes = new Array<number>(ID_LETTERS)
  let at = ID_LETTERS
  let value = 0
  let bits = 0
  for (let word = words.length - 1; word >= 0; word--) {
    value += words[word]! * 2 ** bits
    bits += WORD_BITS
    for (; bits >= LETTER_BITS; bits -= LETTER_BITS) {
      codes[--at] = LETTER_CODES[value % LETTER_VALUES]!
      value = Math.floor(value / LETTER_VALUES)
    }
  }
  codes[--at] = LETTER_CODES[value]!
  return `${ID_PREFIXES[kind]}_${String.fromCharCode(...codes)}`
}

/** A UUIDv7 begins with its time: 48 bits of milliseconds, of which the first word has 32. */
const TIME_BITS_IN_SECOND_WORD = 2 ** 16
const LATEST_MS = 2 ** 48 - 1

/** The smallest id that can be made at a time: ids of a kind sort by when they were made. Milliseconds since 1970. */
export function firstIdAt(kind: IdKind, ms: number): string {
  const time = Math.min(Math.max(ms, 0), LATEST_MS)
  const [high, low] = [Math.floor(time / TIME_BITS_IN_SECOND_WORD), time % TIME_BITS_IN_SECOND_WORD]
  return idOfWords(kind, [high, low * TIME_BITS_IN_SECOND_WORD, 0, 0])
}

/** The schema of ids of one kind: the same one each time, because making one takes part of a worker's start. */
export const Id = keep((kind: IdKind) =>
  z
    .string()
    .regex(
      new RegExp(`^${ID_PREFIXES[kind]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`),
      `must be an id that starts with ${ID_PREFIXES[kind]}_`,
    ),
)
