// Declares a test for each seed of the simulation.
import { describe, expect, it } from 'vitest'
import { allowLogged } from '../harness/log.ts'
import { setUpMpesa } from '../payments/mpesa-stage.ts'
import { useClock } from '../raffles/scenario.ts'
import { type Life, live, PROVOKED, SEED_TIMEOUT_MS, simulate } from './simulation.ts'

/** Returns how often each thing was done, once the tests have run. */
export function seedsAccountForEverything(
  seeds: readonly number[],
  life: Life = live,
): ReadonlyMap<string, number> {
  const done = new Map<string, number>()
  useClock()
  setUpMpesa({ sharesTokens: false })

  describe('the simulation', () => {
    it.each(seeds)(
      'accounts for all money, stock, entries and mails after seed %i',
      async (seed) => {
        allowLogged(...PROVOKED)
        const wrong = await simulate(seed, { life, done })
        expect(wrong === null, wrong ?? '').toBe(true)
      },
      SEED_TIMEOUT_MS,
    )
  })
  return done
}
