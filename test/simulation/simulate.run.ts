// The simulation with many seeds, for `npm run simulate`; `npm test` does not run it.
import { afterAll, inject } from 'vitest'
import { seedsAccountForEverything } from './seeds.ts'
import { eventOnly, live } from './simulation.ts'

declare module 'vitest' {
  interface ProvidedContext {
    seeds: number
    from: number
    part: 'all' | 'event'
  }
}

const [from, count] = [inject('from'), inject('seeds')]
const seeds = Array.from({ length: count }, (_, index) => from + index)
const done = seedsAccountForEverything(seeds, inject('part') === 'event' ? eventOnly : live)

afterAll(() => {
  const lines = [...done].sort().map(([what, times]) => `  ${what}: ${times}`)
  // biome-ignore lint/suspicious/noConsole: whoever runs many seeds sees what they have covered
  console.info(['succeeded in all seeds:', ...lines].join('\n'))
})
