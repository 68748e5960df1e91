// Declares tests that the simulation finds planted bugs, within a few seeds.
import { afterEach, expect, it } from 'vitest'
import { allowLogged } from '../harness/log.ts'
import type { PlantedBug } from '../harness/planted-bug.ts'
import { plant } from '../harness/planted-bugs.ts'
import { setUpMpesa } from '../payments/mpesa-stage.ts'
import { useClock } from '../raffles/scenario.ts'
import { type Life, SEED_TIMEOUT_MS, simulate } from './simulation.ts'

/** These seeds find nothing without a bug. */
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1)

/** `foundBy`: the seed that found a bug last, which is tried first. Default: 1. */
export function simulationFinds(
  bugs: readonly PlantedBug[],
  lifeOf: (name: string) => Life,
  foundBy: Record<string, number>,
): void {
  useClock()
  setUpMpesa({ sharesTokens: false })
  afterEach(() => {
    globalThis.__plantedBug = undefined
  })

  it.each(bugs)('refuses to plant a bug into a file without the bug’s text: $name', ({ edits }) => {
    for (const { file } of edits) {
      expect(() => plant('export {}', `/anywhere/${file}`)).toThrow('planted bug')
    }
  })

  it.each(bugs)(
    'finds a planted bug: $name',
    async ({ name }) => {
      // A bug may make the product log anything.
      allowLogged(/./)
      globalThis.__plantedBug = name
      let found: string | null = null
      const first = foundBy[name] ?? 1
      for (const seed of [first, ...SEEDS]) found ??= await simulate(seed, { life: lifeOf(name) })
      expect(found, `no failure with the seeds ${SEEDS.join(', ')}`).toContain('✗')
    },
    SEEDS.length * SEED_TIMEOUT_MS,
  )
}
