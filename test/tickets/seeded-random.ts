/** Repeatable randomness for tests: the generator mulberry32. */
import type { RandomBelow, Randomness } from '../../src/tickets/pool/allocator.ts'

export function seededBelow(seed: number): RandomBelow {
  let state = seed
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound)
  }
}

export function seededRandomness(seed: number): Randomness {
  const below = seededBelow(seed)
  return { below, bytes: (count) => Uint8Array.from({ length: count }, () => below(256)) }
}

/** How far counts are from equal; compare it with `chiSquareLimit`. */
export function chiSquare(counts: readonly number[]): number {
  const expected = counts.reduce((sum, count) => sum + count, 0) / counts.length
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0)
}

/** Chance exceeds this once in about 30,000 (four standard deviations; Wilson and Hilferty's approximation). */
export function chiSquareLimit(classes: number): number {
  const freedom = classes - 1
  const spread = 2 / (9 * freedom)
  return freedom * (1 - spread + 4 * Math.sqrt(spread)) ** 3
}
