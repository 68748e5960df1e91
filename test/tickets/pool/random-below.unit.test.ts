// Whole numbers from random words: within the bound and equally likely.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomBelow } from '../../../src/tickets/pool/random-below.ts'
import { chiSquare, chiSquareLimit, seededBelow } from '../seeded-random.ts'

/** A source that repeats these words. */
function source(...given: number[]): {
  fill: (words: Uint32Array<ArrayBuffer>) => void
  fills: () => number
} {
  let next = 0
  let fills = 0
  return {
    fill(words) {
      fills++
      for (let index = 0; index < words.length; index++) words[index] = given[next++ % given.length]!
    },
    fills: () => fills,
  }
}

describe('a random number below a bound', () => {
  it('is at least 0 and less than the bound', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), fc.nat(), (bound, seed) => {
        const below = seededBelow(seed)
        const random = createRandomBelow((words) => void words.set(words.map(() => below(2 ** 32))))
        for (let draw = 0; draw < 20; draw++) {
          const number = random(bound)
          expect(Number.isInteger(number) && number >= 0 && number < bound).toBe(true)
        }
      }),
    )
  })

  it('skips the words that would make low numbers more likely', () => {
    // 2³² = 3 · 1431655765 + 1, so only the last word must be skipped.
    const random = createRandomBelow(source(2 ** 32 - 1, 2 ** 32 - 2, 5).fill)
    expect([random(3), random(3), random(3), random(3)]).toEqual([2, 2, 2, 2])
    const even = createRandomBelow(source(2 ** 32 - 1).fill)
    expect(even(2 ** 16)).toBe(2 ** 16 - 1)
    expect(even(1)).toBe(0)
  })

  it('is uniform if the bound is three quarters of a word’s range', () => {
    // The remainders of all words would give the lowest third of the numbers twice as often.
    const bound = 3 * 2 ** 30
    const below = seededBelow(6)
    const random = createRandomBelow((words) => void words.set(words.map(() => below(2 ** 32))))
    const counts = new Array<number>(12).fill(0)
    for (let draw = 0; draw < 60_000; draw++) counts[Math.floor((random(bound) / bound) * 12)]!++
    expect(chiSquare(counts)).toBeLessThan(chiSquareLimit(12))
  })

  it('reads the source in blocks and uses no word twice', () => {
    const { fill, fills } = source(...Array.from({ length: 4_096 }, (_, index) => index))
    const random = createRandomBelow(fill)
    expect(fills()).toBe(0)
    const numbers = Array.from({ length: 2_048 }, () => random(2 ** 32))
    expect(new Set(numbers).size).toBe(2_048)
    expect(fills()).toBe(2)
  })
})
