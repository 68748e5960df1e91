// The simulation with many seeds, for `npm run simulate`; `npm test` does not run it.
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
