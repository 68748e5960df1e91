// Declares a test for each seed of the simulation.
import { describe, expect, it } from 'vitest'
import { allowLogged } from '../harness/log.ts'
import { setUpMpesa } from '../payments/mpesa-stage.ts'
import { useClock } from '../raffles/scenario.ts'
import { PROVOKED, SEED_TIMEOUT_MS, simulate } from './simulation.ts'

export function seedsAccountForEverything(seeds: readonly number[]): void {
  useClock()
  setUpMpesa({ sharesTokens: false })

  describe('the simulation', () => {
    it.each(seeds)(
      'accounts for all money, stock, entries and mails after seed %i',
      async (seed) => {
        allowLogged(...PROVOKED)
        const wrong = await simulate(seed)
        expect(wrong === null, wrong ?? '').toBe(true)
      },
      SEED_TIMEOUT_MS,
    )
  })
}
