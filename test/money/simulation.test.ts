import { afterEach, describe, expect, it } from 'vitest'
import { PLANTED_BUGS, plant } from '../harness/planted-bugs.ts'
import { silenceLog, useClock } from '../raffles/scenario.ts'
import { SEED_TIMEOUT_MS, simulate } from './simulation.ts'

useClock()

const SEEDS = Array.from({ length: 50 }, (_, index) => index + 1)
/** Among these each planted bug must show itself; all of them are fine without. */
const SEEDS_FOR_BUGS = SEEDS.slice(0, 8)

describe('the simulation', () => {
  it.each(SEEDS)(
    'accounts for every unit of money after seed %i',
    async (seed) => {
      silenceLog()
      const wrong = await simulate(seed)
      expect(wrong === null, wrong ?? '').toBe(true)
    },
    SEED_TIMEOUT_MS,
  )
})

describe('a planted bug', () => {
  afterEach(() => {
    globalThis.__plantedBug = undefined
  })

  it.each(PLANTED_BUGS)('fails to load where its place is gone: $name', ({ file }) => {
    expect(() => plant('export {}', `/anywhere/${file}`)).toThrow('planted bug')
  })

  it.each(PLANTED_BUGS.map(({ name }) => name))(
    'is found: %s',
    async (name) => {
      silenceLog()
      globalThis.__plantedBug = name
      let found: string | null = null
      for (const seed of SEEDS_FOR_BUGS) found ??= await simulate(seed)
      expect(found, `none of the seeds ${SEEDS_FOR_BUGS.join(', ')} fails`).toContain('✗')
    },
    SEEDS_FOR_BUGS.length * SEED_TIMEOUT_MS,
  )
})
