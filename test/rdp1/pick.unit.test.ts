// The pick against a naive implementation of rdp1 steps 10 and 11, and at the size of the largest raffle.

import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { nativeCrypto } from '../../src/core/native-crypto.ts'
import { toHex, writeU32 } from '../../src/rdp1/encoding.ts'
import { listCsvRows, listHash, type TicketList } from '../../src/rdp1/list.ts'
import { type PickOptions, pick, wordsOf } from '../../src/rdp1/pick.ts'

const MILLION = 1_000_000
/** About two seconds on an idle machine; a quadratic mistake would take hours. */
const BOUND_MS = 20_000
const seedOfByte = (byte: number) => new Uint8Array(32).fill(byte)
const tagOfHolder = (holder: number) => {
  const tag = new Uint8Array(32).fill(holder & 0xff)
  writeU32(tag, 0, Math.imul(holder, 2654435761) >>> 0)
  writeU32(tag, 28, holder)
  return tag
}

/** Numbers with gaps, so that an index is never a ticket's number by chance. */
function listOf(holders: readonly number[]): TicketList {
  const list = { numbers: new Uint32Array(holders.length), tags: new Uint8Array(holders.length * 32) }
  holders.forEach((holder, i) => {
    list.numbers[i] = 10 + 3 * i
    list.tags.set(tagOfHolder(holder), i * 32)
  })
  return list
}

/** The protocol's text with real arrays, real swaps and sets of strings. */
function naivePick(list: TicketList, seed: Uint8Array, units: readonly string[], options: PickOptions) {
  const words: bigint[] = []
  let block = 0
  const next = () => {
    if (words.length === 0) {
      const message = Buffer.from('0000000a726470312f626c6f636b00000000', 'hex')
      message.writeUInt32BE(block++, 14)
      const bytes = createHmac('sha256', seed).update(message).digest()
      for (let i = 0; i < 32; i += 8) words.push(bytes.readBigUInt64BE(i))
    }
    return words.shift() as bigint
  }
  const uniform = (n: number) => {
    const bound = (2n ** 64n / BigInt(n)) * BigInt(n)
    for (;;) {
      const word = next()
      if (word < bound) return Number(word % BigInt(n))
    }
  }
  const tickets = [...list.numbers].map((number, i) => ({
    number,
    tag: toHex(list.tags.subarray(i * 32, i * 32 + 32)),
  }))
  const outTags = new Set((options.excludedTags ?? []).map(toHex))
  const outNumbers = new Set(options.excludedNumbers ?? [])
  const winners: { unit: string; ticket: number; step: number }[] = []
  const eligible = (ticket: { number: number; tag: string }) =>
    !outTags.has(ticket.tag) && !outNumbers.has(ticket.number)
  let k = 0
  while (winners.length < units.length && tickets.slice(k).some(eligible)) {
    const i = k + uniform(tickets.length - k)
    const picked = tickets[i] as { number: number; tag: string }
    tickets[i] = tickets[k] as { number: number; tag: string }
    tickets[k] = picked
    if (eligible(picked)) {
      winners.push({ unit: units[winners.length] as string, ticket: picked.number, step: k })
      if (options.winPolicy === 'perHolder') outTags.add(picked.tag)
    }
    k++
  }
  return { winners, steps: k }
}

const raffle = fc.record({
  holders: fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 }),
  seed: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  units: fc.nat(20).map((count) => Array.from({ length: count }, (_, i) => `1#${i + 1}`)),
  winPolicy: fc.constantFrom('perTicket' as const, 'perHolder' as const),
  excludedTags: fc.uniqueArray(fc.integer({ min: 0, max: 12 }), { maxLength: 5 }),
  excludedNumbers: fc.uniqueArray(
    fc.nat(60).map((i) => 10 + 3 * i),
    { maxLength: 8 },
  ),
})

describe('the pick', () => {
  it('agrees with a naive implementation of the protocol', () => {
    fc.assert(
      fc.property(raffle, ({ holders, seed, units, winPolicy, excludedTags, excludedNumbers }) => {
        const list = listOf(holders)
        const options = { winPolicy, excludedTags: excludedTags.map(tagOfHolder), excludedNumbers }
        expect(pick(list, seed, units, options)).toEqual(naivePick(list, seed, units, options))
      }),
      { numRuns: 500 },
    )
  })

  it('gives each ticket at most one prize, each holder one if the rules say so, and the excluded none', () => {
    fc.assert(
      fc.property(raffle, ({ holders, seed, units, winPolicy, excludedTags, excludedNumbers }) => {
        const list = listOf(holders)
        const options = { winPolicy, excludedTags: excludedTags.map(tagOfHolder), excludedNumbers }
        const { winners, steps } = pick(list, seed, units, options)
        const winningHolders = winners.map(({ ticket }) => holders[(ticket - 10) / 3] as number)
        expect(new Set(winners.map(({ ticket }) => ticket)).size).toBe(winners.length)
        if (winPolicy === 'perHolder') expect(new Set(winningHolders).size).toBe(winners.length)
        expect(winningHolders.filter((holder) => excludedTags.includes(holder))).toEqual([])
        expect(winners.filter(({ ticket }) => excludedNumbers.includes(ticket))).toEqual([])
        expect(winners.map(({ unit }) => unit)).toEqual(units.slice(0, winners.length))
        expect(steps).toBeLessThanOrEqual(holders.length)
      }),
      { numRuns: 300 },
    )
  })

  it('draws nothing without tickets, without prizes, or with all holders excluded', () => {
    const everyone = { winPolicy: 'perHolder', excludedTags: [tagOfHolder(1)] } as const
    expect(pick(listOf([]), seedOfByte(1), ['1#1'], { winPolicy: 'perTicket' })).toEqual({
      winners: [],
      steps: 0,
    })
    expect(pick(listOf([1, 2]), seedOfByte(1), [], { winPolicy: 'perTicket' })).toEqual({
      winners: [],
      steps: 0,
    })
    expect(pick(listOf([1, 1]), seedOfByte(1), ['1#1'], everyone)).toEqual({ winners: [], steps: 0 })
  })

  it('gives every ticket the same chance', () => {
    const list = listOf([1, 2, 3, 4, 5])
    const wins = new Map<number, number>()
    const draws = 5000
    for (let i = 0; i < draws; i++) {
      const seed = new Uint8Array(32)
      writeU32(seed, 0, i)
      const { winners } = pick(list, seed, ['1#1'], { winPolicy: 'perTicket' })
      const ticket = winners[0]?.ticket as number
      wins.set(ticket, (wins.get(ticket) ?? 0) + 1)
    }
    // χ² with 4 degrees of freedom: 18.5 is the 99.9 % quantile. The seeds are fixed, and so is the outcome.
    const expected = draws / 5
    const chiSquared = [...wins.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
    expect(wins.size).toBe(5)
    expect(chiSquared).toBeLessThan(18.5)
  })

  it('computes the same small numbers with and without bigints', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.integer({ min: 1, max: 2 ** 32 }),
        (seed, n) => {
          const [fast, exact] = [wordsOf(seed), wordsOf(seed)]
          for (let i = 0; i < 20; i++) {
            const below = Math.max(1, n >> (i % 3 === 0 ? 0 : 11))
            expect(fast.below(below)).toBe(Number(exact.uniform(BigInt(below))))
          }
        },
      ),
    )
  })

  it('refuses a uniform number below 0 or above the range of a word', () => {
    const words = wordsOf(seedOfByte(0))
    expect(() => words.uniform(0n)).toThrow(RangeError)
    expect(() => words.uniform((1n << 64n) + 1n)).toThrow(RangeError)
    expect(words.uniform(1n << 64n)).toBe(wordsOf(seedOfByte(0)).next())
  })
})

describe('a raffle of a million tickets', () => {
  it(
    'is picked from until the last holder wins, even if one of three has all tickets but two',
    () => {
      const list = listOfMillion((i) => (i === 123_456 ? 2 : i === 654_321 ? 3 : 1))
      const units = Array.from({ length: 10 }, (_, i) => `1#${i + 1}`)
      const { winners, steps } = pick(list, seedOfByte(3), units, { winPolicy: 'perHolder' })
      expect(winners).toHaveLength(3)
      expect(winners.at(-1)?.step).toBe(steps - 1)
      expect(steps).toBeGreaterThan(500_000)
    },
    BOUND_MS,
  )

  it(
    'is hashed, written and picked from without an object for each ticket',
    () => {
      const list = listOfMillion((i) => i)
      expect(listHash(list, nativeCrypto)).toHaveLength(32)
      const units = Array.from({ length: 100 }, (_, i) => `1#${i + 1}`)
      expect(pick(list, seedOfByte(4), units, { winPolicy: 'perHolder' }).winners).toHaveLength(100)
      let bytes = 0
      for (let start = 0; start < MILLION; start += 10_000) bytes += listCsvRows(list, start, 10_000).length
      expect(bytes).toBeGreaterThan(MILLION * 68)
    },
    BOUND_MS,
  )
})

function listOfMillion(holderOf: (index: number) => number): TicketList {
  const list = { numbers: new Uint32Array(MILLION), tags: new Uint8Array(MILLION * 32) }
  const words = new Uint32Array(list.tags.buffer)
  for (let i = 0; i < MILLION; i++) {
    list.numbers[i] = i + 1
    const holder = holderOf(i)
    words[i * 8] = Math.imul(holder, 2654435761)
    words[i * 8 + 7] = holder
  }
  return list
}
