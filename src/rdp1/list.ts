// The list of tickets that take part in the draw (rdp1 step 4): ascending numbers, each with its holder's tag.

import { CsvReader, CsvWriter } from './csv.ts'
import { concat, HASH_BYTES, LP, u32, writeU32 } from './encoding.ts'
import type { Primitives } from './primitives.ts'

/** Two typed arrays, 36 bytes for each ticket: a million tickets as objects would fill an isolate's memory. */
export interface TicketList {
  /** Strictly ascending. */
  numbers: Uint32Array
  /** 32 bytes for each ticket, in the order of `numbers`. */
  tags: Uint8Array
}

export const LIST_CSV_HEADER = 'number,tag\n'

const ROW_BYTES = 4 + HASH_BYTES
const ROWS_AT_ONCE = 1024
const MAX_CSV_ROW = 10 + 1 + 2 * HASH_BYTES + 1
const MIN_CSV_ROW = 1 + 1 + 2 * HASH_BYTES + 1

export function ticketCount(list: TicketList): number {
  return list.numbers.length
}

export function tagAt(list: TicketList, index: number): Uint8Array {
  return list.tags.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES)
}

/** The index of the first ticket with this number or a higher one; the length of the list if there is none. */
export function indexFrom(list: TicketList, number: number): number {
  let low = 0
  let high = list.numbers.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((list.numbers[middle] as number) < number) low = middle + 1
    else high = middle
  }
  return low
}

/** The index of a ticket's number in the list, or -1. */
export function indexOfTicket(list: TicketList, number: number): number {
  const index = indexFrom(list, number)
  return list.numbers[index] === number ? index : -1
}

/** Throws if the numbers do not ascend, or a ticket has no tag: such a list has no hash. */
export function listHash(list: TicketList, { sha256Stream }: Pick<Primitives, 'sha256Stream'>): Uint8Array {
  assertList(list)
  const count = list.numbers.length
  const state = sha256Stream()
  state.update(concat(LP('rdp1/list'), u32(count)))
  const buffer = new Uint8Array(ROWS_AT_ONCE * ROW_BYTES)
  for (let start = 0; start < count; start += ROWS_AT_ONCE) {
    const end = Math.min(count, start + ROWS_AT_ONCE)
    let at = 0
    for (let i = start; i < end; i++) {
      writeU32(buffer, at, list.numbers[i] as number)
      buffer.set(tagAt(list, i), at + 4)
      at += ROW_BYTES
    }
    state.update(buffer.subarray(0, at))
  }
  return state.digest()
}

/** Rows `start` to `start + count` as bytes, without the header, so that a long list can be streamed in slices. */
export function listCsvRows(
  list: TicketList,
  start = 0,
  count = list.numbers.length,
): Uint8Array<ArrayBuffer> {
  const end = Math.min(list.numbers.length, start + count)
  const writer = new CsvWriter(Math.max(0, end - start) * MAX_CSV_ROW)
  for (let i = start; i < end; i++) {
    writer
      .integer(list.numbers[i] as number)
      .comma()
      .hash(list.tags, i * HASH_BYTES)
      .endRow()
  }
  return writer.finish()
}

/** The whole file as text. */
export function listCsv(list: TicketList): string {
  return LIST_CSV_HEADER + new TextDecoder().decode(listCsvRows(list))
}

/** Throws a RangeError that names the row, unless the text is exactly as `listCsv` writes it. */
export function parseListCsv(text: string): TicketList {
  const reader = new CsvReader(text, LIST_CSV_HEADER.trimEnd())
  const capacity = reader.rowsAtMost(MIN_CSV_ROW)
  const numbers = new Uint32Array(capacity)
  const tags = new Uint8Array(capacity * HASH_BYTES)
  let count = 0
  while (!reader.done) {
    if (count === capacity) reader.fail('the row is too short')
    const number = reader.integer(0xffff_ffff)
    if (count > 0 && number <= (numbers[count - 1] as number)) reader.fail('the numbers do not ascend')
    reader.comma()
    reader.hash(tags, count * HASH_BYTES)
    reader.endOfRow()
    numbers[count++] = number
  }
  return { numbers: numbers.subarray(0, count), tags: tags.subarray(0, count * HASH_BYTES) }
}

function assertList(list: TicketList): void {
  if (list.tags.length !== list.numbers.length * HASH_BYTES) throw new RangeError('every ticket needs a tag')
  for (let i = 1; i < list.numbers.length; i++) {
    if ((list.numbers[i] as number) <= (list.numbers[i - 1] as number)) {
      throw new RangeError('the numbers of a list must ascend')
    }
  }
}
