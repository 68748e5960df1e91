// The exact CSV of rdp1's files: a fixed header, LF after every row, plain integers and lower-case hex.

import { HASH_BYTES } from './encoding.ts'

const LF = 10
const COMMA = 44
const ZERO = 48
const HEX_DIGITS = new Uint8Array(16)
for (let i = 0; i < 16; i++) HEX_DIGITS[i] = '0123456789abcdef'.charCodeAt(i)

/**
 * The text without a byte-order mark and with LF at the end of each row. Mail programs, version control and spreadsheets
 * change both on the way, and the format has neither, so no other list or log can read the same.
 */
export const withoutTransport = (text: string): string => text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')

/** Reads a text from start to end. Every error names its row; the header is row 1. */
export class CsvReader {
  #at = 0
  #row = 1
  readonly #text: string

  constructor(text: string, header: string) {
    this.#text = text
    if (!text.startsWith(`${header}\n`)) this.fail(`the header is not "${header}"`)
    this.#at = header.length + 1
    this.#row = 2
  }

  get done(): boolean {
    return this.#at === this.#text.length
  }

  /** An upper bound on the rows left, for the size of buffers. */
  rowsAtMost(bytesPerRow: number): number {
    return Math.ceil((this.#text.length - this.#at) / bytesPerRow)
  }

  integer(max: number): number {
    const start = this.#at
    let value = 0
    for (;;) {
      const digit = this.#text.charCodeAt(this.#at) - ZERO
      if (!(digit >= 0 && digit <= 9)) break
      value = value * 10 + digit
      this.#at++
      if (value > max) this.fail(`a number above ${max}`)
    }
    const length = this.#at - start
    if (length === 0) this.fail('a number is missing')
    if (length > 1 && this.#text.charCodeAt(start) === ZERO) this.fail('a number with leading zeros')
    return value
  }

  /** Reads one of the words. */
  word<W extends string>(words: readonly W[]): W {
    const word = words.find((candidate) => this.#text.startsWith(candidate, this.#at))
    if (word === undefined) this.fail(`expected ${words.join(' or ')}`)
    this.#at += word.length
    return word
  }

  /** Reads 64 hex digits into `target`. */
  hash(target: Uint8Array, offset: number): void {
    for (let i = 0; i < HASH_BYTES; i++) {
      const high = hexDigit(this.#text.charCodeAt(this.#at))
      const low = hexDigit(this.#text.charCodeAt(this.#at + 1))
      if (high < 0 || low < 0) this.fail('a tag is not 64 digits of lower-case hex')
      target[offset + i] = high * 16 + low
      this.#at += 2
    }
  }

  comma(): void {
    if (this.#text.charCodeAt(this.#at) !== COMMA) this.fail('a comma is missing')
    this.#at++
  }

  endOfRow(): void {
    if (this.#at >= this.#text.length) this.fail('the line break at its end is missing')
    if (this.#text.charCodeAt(this.#at) !== LF) this.fail('the row must end here')
    this.#at++
    this.#row++
  }

  fail(problem: string): never {
    throw new RangeError(`row ${this.#row}: ${problem}`)
  }
}

/** Writes rows into one buffer of bytes: a million rows as strings would not fit into memory beside the list. */
export class CsvWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>
  #at = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
  }

  integer(value: number): this {
    const text = String(value)
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at++] = text.charCodeAt(i)
    return this
  }

  text(ascii: string): this {
    for (let i = 0; i < ascii.length; i++) this.#bytes[this.#at++] = ascii.charCodeAt(i)
    return this
  }

  hash(source: Uint8Array, offset: number): this {
    for (let i = 0; i < HASH_BYTES; i++) {
      const byte = source[offset + i] as number
      this.#bytes[this.#at++] = HEX_DIGITS[byte >>> 4] as number
      this.#bytes[this.#at++] = HEX_DIGITS[byte & 15] as number
    }
    return this
  }

  comma(): this {
    this.#bytes[this.#at++] = COMMA
    return this
  }

  endRow(): this {
    this.#bytes[this.#at++] = LF
    return this
  }

  finish(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#at)
  }
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48
  if (code >= 97 && code <= 102) return code - 87
  return -1
}
