/** Unbiased whole numbers from the platform's secure randomness, read in blocks. */
import type { RandomBelow } from './allocator.ts'

const BLOCK_WORDS = 1_024
const WORD_RANGE = 2 ** 32

/** Drops words at or above the largest multiple of `bound`, so that every result is equally likely. */
export function createRandomBelow(fill: (words: Uint32Array<ArrayBuffer>) => void): RandomBelow {
  const words = new Uint32Array(BLOCK_WORDS)
  let next = BLOCK_WORDS
  return function randomBelow(bound) {
    const limit = WORD_RANGE - (WORD_RANGE % bound)
    for (;;) {
      if (next === BLOCK_WORDS) {
        fill(words)
        next = 0
      }
      const word = words[next++]!
      if (word < limit) return word % bound
    }
  }
}
