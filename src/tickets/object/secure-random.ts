/** The platform's secure randomness, as a pool draws numbers and salts from it. */
import type { Randomness } from '../pool/allocator.ts'
import { createRandomBelow } from '../pool/random-below.ts'

export const SECURE_RANDOM: Randomness = {
  below: createRandomBelow((words) => crypto.getRandomValues(words)),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
}
