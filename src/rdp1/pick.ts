// The pick (rdp1 steps 10 and 11): a virtual Fisher–Yates shuffle over the list, driven by the seed's words.

import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, HASH_BYTES, hash32, LP, u32, writeU32 } from './encoding.ts'
import { indexOfTicket, type TicketList } from './list.ts'
import type { WinPolicy } from './rules.ts'
import { TagTable } from './tag-table.ts'

export interface Winner {
  unit: string
  ticket: number
  /** The step of the shuffle, from 0, at which the ticket was picked. */
  step: number
}

export interface PickResult {
  winners: Winner[]
  /** The count of picks, skipped ones included. */
  steps: number
}

export interface PickOptions {
  winPolicy: WinPolicy
  excludedTags?: readonly Uint8Array[]
  excludedNumbers?: readonly number[]
}

export interface Words {
  /** The next u64. */
  next(): bigint
  /** A number below n (1 ≤ n ≤ 2⁶⁴), each equally likely. */
  uniform(n: bigint): bigint
  /** The same value as `uniform`, without a bigint for small n: a draw may need a million of them. */
  below(n: number): number
}

const TWO_64 = 1n << 64n
const WORD_BYTES = 8
const BLOCK_TAG = LP('rdp1/block')

/** Up to this n, (x mod n) · 2³² + y is a safe integer for every u32 y. */
const SMALL = 2 ** 21

/** The words of a seed: HMAC-SHA256 in counter mode, four u64 in each block. */
export function wordsOf(seed: Uint8Array): Words {
  // The key is absorbed once, and each block starts from a copy of that state, in reused memory. In script this is
  // faster than a call into the platform for each block.
  const keyed = hmac.create(sha256, hash32(seed))
  const state = keyed.clone()
  const digest = new Uint8Array(HASH_BYTES)
  const message = concat(BLOCK_TAG, u32(0))
  let block = 0
  const bytes = new DataView(digest.buffer)
  let at = digest.length
  /** The offset of the next word in `bytes`. */
  const advance = (): number => {
    if (at === digest.length) {
      writeU32(message, BLOCK_TAG.length, block++)
      keyed._cloneInto(state).update(message).digestInto(digest)
      at = 0
    }
    at += WORD_BYTES
    return at - WORD_BYTES
  }
  const next = (): bigint => {
    const offset = advance()
    return bytes.getBigUint64(offset)
  }
  const uniform = (n: bigint): bigint => {
    if (n < 1n || n > TWO_64) throw new RangeError('uniform(n) needs 1 ≤ n ≤ 2^64')
    // Words at or above the last multiple of n are dropped: they would favour the small remainders.
    const bound = (TWO_64 / n) * n
    let word = next()
    while (word >= bound) word = next()
    return word % n
  }
  const below = (n: number): number => {
    if (n > SMALL) return Number(uniform(BigInt(n)))
    const offset = advance()
    const high = bytes.getUint32(offset)
    // A word that must be dropped is among the last n below 2⁶⁴, so its upper half is all ones. `uniform` decides it.
    if (high === 0xffff_ffff) {
      at -= WORD_BYTES
      return Number(uniform(BigInt(n)))
    }
    return ((high % n) * 0x1_0000_0000 + bytes.getUint32(offset + 4)) % n
  }
  return { next, uniform, below }
}

/** Gives the units, in order, to the tickets of `list` that the seed picks. */
export function pick(
  list: TicketList,
  seed: Uint8Array,
  units: readonly string[],
  options: PickOptions,
): PickResult {
  const eligibility = eligibilityOf(list, options)
  const words = wordsOf(seed)
  const count = list.numbers.length
  // moved[i] - 1 is the index that the shuffle moved to position i; 0: position i still holds its own index.
  const moved = new Uint32Array(count)
  const winners: Winner[] = []
  let step = 0
  while (winners.length < units.length && eligibility.left > 0) {
    const at = step + words.below(count - step)
    const picked = moved[at] === 0 ? at : (moved[at] as number) - 1
    // Position `step` is never visited again, so only one half of the swap is written.
    moved[at] = moved[step] === 0 ? step + 1 : (moved[step] as number)
    if (eligibility.take(picked)) {
      winners.push({ unit: units[winners.length] as string, ticket: list.numbers[picked] as number, step })
    }
    step++
  }
  return { winners, steps: step }
}

interface Eligibility {
  /** How many can still win: tickets under perTicket, holders under perHolder. */
  left: number
  /** Whether the picked ticket wins; if so, it (or its holder) can't again. */
  take(index: number): boolean
}

function eligibilityOf(list: TicketList, options: PickOptions): Eligibility {
  const excludedTags = TagTable.of(options.excludedTags ?? [])
  const excludedNumbers = excludedIndices(list, options.excludedNumbers ?? [])
  const allowed = (index: number): boolean =>
    !excludedNumbers.has(index) &&
    (excludedTags.size === 0 || excludedTags.find(list.tags, index * HASH_BYTES) < 0)
  return options.winPolicy === 'perHolder' ? perHolder(list, allowed) : perTicket(list, allowed)
}

function perTicket(list: TicketList, allowed: (index: number) => boolean): Eligibility {
  const eligibility: Eligibility = {
    left: 0,
    take: (index) => {
      // A ticket is picked at most once, so there is nothing to remember.
      if (!allowed(index)) return false
      eligibility.left--
      return true
    },
  }
  for (let i = 0; i < list.numbers.length; i++) if (allowed(i)) eligibility.left++
  return eligibility
}

function perHolder(list: TicketList, allowed: (index: number) => boolean): Eligibility {
  const holders = new TagTable(list.tags, list.numbers.length)
  for (let i = 0; i < list.numbers.length; i++) if (allowed(i)) holders.add(i)
  const won = new Uint8Array(list.numbers.length)
  const eligibility: Eligibility = {
    left: holders.size,
    take: (index) => {
      if (!allowed(index)) return false
      // A holder is identified by the index of its first ticket.
      const holder = holders.find(list.tags, index * HASH_BYTES)
      if (won[holder] === 1) return false
      won[holder] = 1
      eligibility.left--
      return true
    },
  }
  return eligibility
}

function excludedIndices(list: TicketList, numbers: readonly number[]): Set<number> {
  const indices = new Set<number>()
  for (const number of numbers) {
    const index = indexOfTicket(list, number)
    if (index >= 0) indices.add(index)
  }
  return indices
}
