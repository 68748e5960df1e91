// The allocator against a plain set of free numbers, its fairness and its cost.

import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Allocator, type Numbering } from '../../../src/tickets/pool/allocator.ts'
import { chiSquare, chiSquareLimit, seededBelow } from '../seeded-random.ts'

const NUMBERINGS: Numbering[] = ['sequential', 'random', 'chosen']

type Step =
  | { do: 'take'; count: number }
  | { do: 'choose'; picks: number[] }
  | { do: 'release'; pick: number; count: number }

const step = fc.oneof(
  fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 40 }) }),
  fc.record({
    do: fc.constant('choose' as const),
    picks: fc.uniqueArray(fc.nat(), { minLength: 1, maxLength: 12 }),
  }),
  fc.record({ do: fc.constant('release' as const), pick: fc.nat(), count: fc.integer({ min: 1, max: 40 }) }),
)
const totals = fc.oneof(
  fc.integer({ min: 1, max: 70 }),
  fc.constantFrom(31, 32, 33, 1023, 1024, 1025, 2080),
  fc.integer({ min: 1, max: 40_000 }),
)

/** Numbers from `first` on, `total` of them, one for each pick, each once. */
const numbersOf = (picks: readonly number[], total: number, first: 0 | 1): number[] => [
  ...new Set(picks.map((pick) => (pick % total) + first)),
]

const FIRSTS = fc.constantFrom(0 as const, 1 as const)

describe.each(NUMBERINGS)('an allocator of %s numbers', (numbering) => {
  it('does exactly what a set of free numbers would, whatever is taken, chosen and released', () => {
    fc.assert(
      fc.property(
        totals,
        FIRSTS,
        fc.nat(),
        fc.array(step, { maxLength: 60 }),
        (total, first, seed, steps: Step[]) => {
          const allocator = new Allocator(total, numbering, seededBelow(seed), total, first)
          const free = new Set(Array.from({ length: total }, (_, index) => index + first))
          const taken: number[] = []
          for (const each of steps) {
            if (each.do === 'take') {
              const numbers = allocator.take(each.count)
              if (each.count > free.size) {
                expect(numbers).toBeNull()
                continue
              }
              expect(numbers).toHaveLength(each.count)
              if (numbering !== 'random') expect(numbers).toEqual(lowest(free, each.count))
              for (const number of numbers!) expect(free.delete(number), `${number} was free`).toBe(true)
              taken.push(...numbers!)
            } else if (each.do === 'choose') {
              const wanted = numbersOf(each.picks, total, first)
              const unavailable = wanted.filter((number) => !free.has(number))
              expect(allocator.takeChosen(wanted)).toEqual(unavailable)
              if (unavailable.length > 0) continue
              for (const number of wanted) free.delete(number)
              taken.push(...wanted)
            } else if (taken.length > 0) {
              const given = taken.splice(each.pick % taken.length, each.count)
              allocator.release(given)
              for (const number of given) free.add(number)
            }
            expect(allocator.free).toBe(free.size)
          }
          const sorted = [...free].sort((a, b) => a - b)
          expect(allocator.freeFrom(0, total)).toEqual(sorted)
          for (const from of [0, 1, Math.ceil(total / 2), total, total + 1]) {
            const later = sorted.filter((number) => number >= from).slice(0, 5)
            expect(allocator.freeFrom(from, 5)).toEqual(later)
          }
          const spots = [0, 1, 2, 31, 32, 33, total].filter((n) => n >= first && n < first + total)
          for (const number of spots) expect(allocator.isFree(number)).toBe(free.has(number))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes every number once and then none', () => {
    for (const total of [1, 31, 32, 33, 1_024, 33_000]) {
      const allocator = new Allocator(total, numbering, seededBelow(total))
      const numbers = new Set<number>()
      while (allocator.free > 0) for (const number of allocator.take(1)!) numbers.add(number)
      expect(numbers.size).toBe(total)
      expect([Math.min(...numbers), Math.max(...numbers)]).toEqual([1, total])
      expect(allocator.take(1)).toBeNull()
      expect(allocator.freeFrom(1, 10)).toEqual([])
    }
  })

  it('takes all or none, and names the unavailable numbers', () => {
    const allocator = new Allocator(10, numbering, seededBelow(1))
    expect(allocator.takeChosen([2, 4])).toEqual([])
    expect(allocator.takeChosen([1, 2, 3, 4])).toEqual([2, 4])
    expect(allocator.take(9)).toBeNull()
    expect(allocator.freeFrom(1, 10)).toEqual([1, 3, 5, 6, 7, 8, 9, 10])
  })

  it('refuses to release a number twice', () => {
    const allocator = new Allocator(10, numbering, seededBelow(1))
    const numbers = allocator.take(3)!
    allocator.release(numbers)
    expect(() => allocator.release([numbers[0]!])).toThrow('released twice')
  })

  it('works as hard for the last tickets as for the first', () => {
    const touched = countTouches()
    const allocator = new Allocator(TOTAL, numbering, seededBelow(7))
    const first = workOf(allocator, touched)
    allocator.takeChosen(allocator.freeFrom(1, allocator.free - LEFT))
    const last = workOf(allocator, touched)
    // A take and a release read a few words of memory, however many numbers are sold.
    expect(last).toBeLessThanOrEqual(first * 2)
    expect(last).toBeLessThan(30)
  })
})

/** Counting makes memory slow, and a pool of a million has no more levels than one of this size. */
const TOTAL = 40_000
const LEFT = 1_000
const ROUNDS = 300

function lowest(free: ReadonlySet<number>, count: number): number[] {
  return [...free].sort((a, b) => a - b).slice(0, count)
}

/** How many reads of memory a take costs, while the lowest numbers are released in between. */
function workOf(allocator: Allocator, touched: { count: number }): number {
  const taken = allocator.take(ROUNDS)!
  touched.count = 0
  for (const number of taken) {
    // One low number is free. The first take gets it, so the second must search through all levels.
    allocator.release([number])
    allocator.take(2)
  }
  return touched.count / ROUNDS
}

/** Makes arrays that are created from now on count their reads. */
function countTouches(): { count: number } {
  const Real = Uint32Array
  const touched = { count: 0 }
  const handler: ProxyHandler<Uint32Array> = {
    get(target, name) {
      touched.count++
      return target[name as unknown as number]
    },
    set(target, name, value) {
      target[name as unknown as number] = value
      return true
    },
  }
  vi.stubGlobal('Uint32Array', function CountingArray(length: number) {
    return new Proxy(new Real(length), handler)
  })
  return touched
}

afterEach(() => vi.unstubAllGlobals())

describe('random numbers', () => {
  /** How often each free number is taken, if each is released at once. */
  function countFirst(allocator: Allocator, draws: number): number[] {
    const counts = new Map(allocator.freeFrom(1, allocator.total).map((number) => [number, 0]))
    for (let draw = 0; draw < draws; draw++) {
      const numbers = allocator.take(1)!
      counts.set(numbers[0]!, counts.get(numbers[0]!)! + 1)
      allocator.release(numbers)
    }
    return [...counts.values()]
  }

  it('are all equally likely', () => {
    const counts = countFirst(new Allocator(100, 'random', seededBelow(1)), 50_000)
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(counts.length))
  })

  it('come in pairs that are all equally likely, in either order', () => {
    const counts = new Map<string, number>()
    const allocator = new Allocator(6, 'random', seededBelow(2))
    for (let draw = 0; draw < 30_000; draw++) {
      const numbers = allocator.take(2)!
      counts.set(numbers.join(), (counts.get(numbers.join()) ?? 0) + 1)
      allocator.release(numbers)
    }
    expect(counts.size).toBe(30)
    expect(chiSquare([...counts.values()])).toBeLessThan(chiSquareLimit(30))
  })

  it('do not favour the number after a long chosen run', () => {
    const allocator = new Allocator(100, 'random', seededBelow(3))
    allocator.takeChosen(Array.from({ length: 60 }, (_, index) => index + 20))
    const counts = countFirst(allocator, 40_000)
    expect(counts).toHaveLength(40)
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(counts.length))
  })

  it('do not favour released numbers, or numbers never taken', () => {
    const allocator = new Allocator(100, 'random', seededBelow(4))
    const run = Array.from({ length: 70 }, (_, index) => index + 10)
    allocator.takeChosen(run)
    const others = allocator.take(20)!
    allocator.release(run.slice(10, 50))
    allocator.release(others.slice(5))
    const counts = countFirst(allocator, 60_000)
    expect(counts).toHaveLength(65)
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(counts.length))
  })

  it('fill a pool in an order with every number equally likely at every place', () => {
    const size = 8
    const counts = new Array<number>(size * size).fill(0)
    const below = seededBelow(5)
    for (let round = 0; round < 8_000; round++) {
      const allocator = new Allocator(size, 'random', below)
      for (let place = 0; place < size; place++) counts[place * size + allocator.take(1)![0]! - 1]!++
    }
    for (let place = 0; place < size; place++) {
      const row = counts.slice(place * size, (place + 1) * size)
      expect(chiSquare(row)).toBeLessThan(chiSquareLimit(size))
    }
  })
})
