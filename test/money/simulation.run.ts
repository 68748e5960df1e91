// Run by `npm run simulate` and not by `npm test`: the simulation over many seeds.
import { expect, inject, it } from 'vitest'
import { silenceLog, useClock } from '../raffles/scenario.ts'
import { SEED_TIMEOUT_MS, simulate } from './simulation.ts'

declare module 'vitest' {
  interface ProvidedContext {
    seeds: number
    from: number
  }
}

useClock()

const seeds = Array.from({ length: inject('seeds') }, (_, index) => inject('from') + index)

it.each(seeds)(
  'seed %i',
  async (seed) => {
    silenceLog()
    const wrong = await simulate(seed)
    expect(wrong === null, wrong ?? '').toBe(true)
  },
  SEED_TIMEOUT_MS,
)
