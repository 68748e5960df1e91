// The sale log (rdp1 step 3): every issue and void in the pool's order, and the list that follows from it.

import { CsvReader, CsvWriter } from './csv.ts'
import { concat, HASH_BYTES, hash32, LP, sha256, u8, writeU32, writeU64 } from './encoding.ts'
import type { TicketList } from './list.ts'
import { MerkleFrontier } from './merkle.ts'

export const ISSUED = 1
export const VOIDED = 2
export type EntryKind = typeof ISSUED | typeof VOIDED

export interface SaleEntry {
  kind: EntryKind
  number: number
  tag: Uint8Array
  unixMs: number
}

export const LOG_CSV_HEADER = 'kind,number,tag,unixMs\n'

const NAMES = { [ISSUED]: 'issued', [VOIDED]: 'voided' } as const
const MAX_CSV_ROW = 6 + 1 + 10 + 1 + 2 * HASH_BYTES + 1 + 16 + 1
const MIN_CSV_ROW = 6 + 1 + 1 + 1 + 2 * HASH_BYTES + 1 + 1 + 1

const ENTRY_TAG = LP('rdp1/entry')
const ENTRY_BYTES = ENTRY_TAG.length + 1 + 4 + HASH_BYTES + 8

// A reused buffer: RFC 6962's leaf prefix (00) and the constant tag stay, and each entry rewrites the rest.
const leafInput = concat(u8(0), ENTRY_TAG, new Uint8Array(ENTRY_BYTES - ENTRY_TAG.length))

/** `LP("rdp1/entry") ‖ u8(kind) ‖ u32(number) ‖ tag32 ‖ u64(unix ms)`. */
export function saleEntry(kind: EntryKind, number: number, tag: Uint8Array, unixMs: number): Uint8Array {
  writeEntry(kind, number, tag, unixMs)
  return leafInput.slice(1)
}

/** The Merkle leaf of an entry. It does not build the entry, as it runs once for each ticket sold. */
export function saleLeafHash(kind: EntryKind, number: number, tag: Uint8Array, unixMs: number): Uint8Array {
  writeEntry(kind, number, tag, unixMs)
  return sha256(leafInput)
}

/** A growing log in flat arrays, about 50 bytes for each entry. */
export class SaleLog implements Iterable<SaleEntry> {
  #size = 0
  #kinds: Uint8Array
  #numbers: Uint32Array
  #tags: Uint8Array
  #times: Float64Array

  constructor(capacity = 1024) {
    this.#kinds = new Uint8Array(capacity)
    this.#numbers = new Uint32Array(capacity)
    this.#tags = new Uint8Array(capacity * HASH_BYTES)
    this.#times = new Float64Array(capacity)
  }

  static from(entries: Iterable<SaleEntry>): SaleLog {
    const log = new SaleLog()
    for (const entry of entries) log.append(entry.kind, entry.number, entry.tag, entry.unixMs)
    return log
  }

  get size(): number {
    return this.#size
  }

  append(kind: EntryKind, number: number, tag: Uint8Array, unixMs: number): void {
    if (this.#size === this.#kinds.length) this.#grow()
    this.#kinds[this.#size] = kind
    this.#numbers[this.#size] = number
    this.#tags.set(hash32(tag), this.#size * HASH_BYTES)
    this.#times[this.#size] = unixMs
    this.#size++
  }

  kindAt(index: number): EntryKind {
    return this.#kinds[index] as EntryKind
  }

  numberAt(index: number): number {
    return this.#numbers[index] as number
  }

  /** A view, not a copy. */
  tagAt(index: number): Uint8Array {
    return this.#tags.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
  }

  unixMsAt(index: number): number {
    return this.#times[index] as number
  }

  leafHashAt(index: number): Uint8Array {
    return saleLeafHash(this.kindAt(index), this.numberAt(index), this.tagAt(index), this.unixMsAt(index))
  }

  *[Symbol.iterator](): Generator<SaleEntry> {
    for (let i = 0; i < this.#size; i++) {
      yield { kind: this.kindAt(i), number: this.numberAt(i), tag: this.tagAt(i), unixMs: this.unixMsAt(i) }
    }
  }

  #grow(): void {
    const capacity = Math.max(1024, this.#kinds.length * 2)
    const grown = <A extends Uint8Array | Uint32Array | Float64Array>(next: A, old: A): A => {
      next.set(old)
      return next
    }
    this.#kinds = grown(new Uint8Array(capacity), this.#kinds)
    this.#numbers = grown(new Uint32Array(capacity), this.#numbers)
    this.#tags = grown(new Uint8Array(capacity * HASH_BYTES), this.#tags)
    this.#times = grown(new Float64Array(capacity), this.#times)
  }
}

/** The Merkle root of the log as it was when it had `size` entries. */
export function logRoot(log: SaleLog, size: number = log.size): Uint8Array {
  const frontier = new MerkleFrontier()
  for (let i = 0; i < size; i++) frontier.append(log.leafHashAt(i))
  return frontier.root()
}

/**
 * The list that follows from a log: issued and not voided, ascending by number. Throws a RangeError if the log issues a
 * number twice, voids one that is not issued, or voids one with another tag than it was issued with.
 */
export function replayLog(entries: SaleLog | Iterable<SaleEntry>): TicketList {
  const log = entries instanceof SaleLog ? entries : SaleLog.from(entries)
  const order = byNumberThenTime(log)
  const live = new Uint32Array(log.size)
  let count = 0
  let open = -1
  for (let i = 0; i < order.length; i++) {
    const index = order[i] as number
    const number = log.numberAt(index)
    if (log.kindAt(index) === ISSUED) {
      if (open >= 0) throw new RangeError(`entry ${index}: number ${number} is issued already`)
      open = index
    } else {
      if (open < 0) throw new RangeError(`entry ${index}: number ${number} is voided but was not issued`)
      if (!sameTag(log, open, index)) throw new RangeError(`entry ${index}: ${number} is another holder's`)
      open = -1
    }
    const next = order[i + 1]
    if (next === undefined || log.numberAt(next) !== number) {
      if (open >= 0) live[count++] = open
      open = -1
    }
  }
  const list = { numbers: new Uint32Array(count), tags: new Uint8Array(count * HASH_BYTES) }
  for (let i = 0; i < count; i++) {
    const index = live[i] as number
    list.numbers[i] = log.numberAt(index)
    list.tags.set(log.tagAt(index), i * HASH_BYTES)
  }
  return list
}

/** The rows as bytes, without the header, so that a long log can be streamed in slices. */
export function logCsvRows(entries: Iterable<SaleEntry>, count: number): Uint8Array<ArrayBuffer> {
  const writer = new CsvWriter(count * MAX_CSV_ROW)
  for (const { kind, number, tag, unixMs } of entries) {
    writer.text(NAMES[kind]).comma().integer(number).comma().hash(tag, 0).comma().integer(unixMs).endRow()
  }
  return writer.finish()
}

/** The whole file as text. */
export function logCsv(log: SaleLog): string {
  return LOG_CSV_HEADER + new TextDecoder().decode(logCsvRows(log, log.size))
}

/** Throws a RangeError that names the row, unless the text is exactly as `logCsv` writes it. */
export function parseLogCsv(text: string): SaleLog {
  const reader = new CsvReader(text, LOG_CSV_HEADER.trimEnd())
  const log = new SaleLog(reader.rowsAtMost(MIN_CSV_ROW))
  const tag = new Uint8Array(HASH_BYTES)
  while (!reader.done) {
    const kind = reader.word([NAMES[ISSUED], NAMES[VOIDED]]) === NAMES[ISSUED] ? ISSUED : VOIDED
    reader.comma()
    const number = reader.integer(0xffff_ffff)
    reader.comma()
    reader.hash(tag, 0)
    reader.comma()
    const unixMs = reader.integer(Number.MAX_SAFE_INTEGER)
    reader.endOfRow()
    log.append(kind, number, tag, unixMs)
  }
  return log
}

function writeEntry(kind: EntryKind, number: number, tag: Uint8Array, unixMs: number): void {
  const at = 1 + ENTRY_TAG.length
  leafInput[at] = kind
  writeU32(leafInput, at + 1, number)
  leafInput.set(hash32(tag), at + 5)
  writeU64(leafInput, at + 5 + HASH_BYTES, unixMs)
}

/** The entries' indices, sorted by number, then in log order. */
function byNumberThenTime(log: SaleLog): Uint32Array {
  // `number · 2²¹ + index` is below 2⁵³, so up to 2²¹ entries sort exactly as floats, without a slow comparator.
  const span = 2 ** 21
  const order = new Uint32Array(log.size)
  if (log.size <= span) {
    const keys = new Float64Array(log.size)
    for (let i = 0; i < log.size; i++) keys[i] = log.numberAt(i) * span + i
    keys.sort()
    for (let i = 0; i < log.size; i++) order[i] = (keys[i] as number) % span
    return order
  }
  for (let i = 0; i < log.size; i++) order[i] = i
  return order.sort((a, b) => log.numberAt(a) - log.numberAt(b) || a - b)
}

function sameTag(log: SaleLog, a: number, b: number): boolean {
  const left = log.tagAt(a)
  return log.tagAt(b).every((byte, i) => byte === left[i])
}
