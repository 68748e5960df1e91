// The simulation finds each bug that is planted into the product, within a few seeds.
import { afterEach, expect, it } from 'vitest'
import { allowLogged } from '../harness/log.ts'
import { PLANTED_BUGS, plant } from '../harness/planted-bugs.ts'
import { PROVIDER_BUGS } from '../harness/planted-provider-bugs.ts'
import { setUpMpesa } from '../payments/mpesa-stage.ts'
import { useClock } from '../raffles/scenario.ts'
import { SEED_TIMEOUT_MS, sellOnly, simulate } from './simulation.ts'

/** These seeds find nothing without a bug. Each bug is first tried with the seed that found it last. */
const SEEDS = Array.from({ length: 8 }, (_, index) => index + 1)
const FOUND_BY: Record<string, number> = {
  'send a disputed refund': 9,
  'charge nobody for a dispute': 6,
  'release a paid hold': 2,
  'revive a cancelled order': 5,
  'pay out under a new key each time': 6,
  'disqualify a winner who is being paid': 2,
  'settle as if nobody was paid': 2,
  'forget a refused mail': 2,
}

useClock()
setUpMpesa({ sharesTokens: false })
afterEach(() => {
  globalThis.__plantedBug = undefined
})

it.each(PLANTED_BUGS)('refuses to plant a bug into a file without the bug’s text: $name', ({ edits }) => {
  for (const { file } of edits) {
    expect(() => plant('export {}', `/anywhere/${file}`)).toThrow('planted bug')
  }
})

it.each(PLANTED_BUGS)(
  'finds a planted bug: $name',
  async ({ name }) => {
    // A bug may make the product log anything.
    allowLogged(/./)
    globalThis.__plantedBug = name
    let found: string | null = null
    const first = FOUND_BY[name] ?? 1
    const life = PROVIDER_BUGS.some((bug) => bug.name === name) ? sellOnly : undefined
    for (const seed of [first, ...SEEDS]) {
      found ??= await simulate(seed, life)
      if (life && found) {
        break
      }
    }
    expect(found, `no failure with the seeds ${SEEDS.join(', ')}`).toContain('✗')
  },
  SEEDS.length * SEED_TIMEOUT_MS,
)
