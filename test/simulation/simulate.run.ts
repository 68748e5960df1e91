// Run by `npm run simulate` and not by `npm test`: the simulation over many seeds.
import { inject } from 'vitest'
import { seedsAccountForEverything } from './seeds.ts'

declare module 'vitest' {
  interface ProvidedContext {
    seeds: number
    from: number
  }
}

const [from, count] = [inject('from'), inject('seeds')]
seedsAccountForEverything(Array.from({ length: count }, (_, index) => from + index))
