import { expect, it } from 'vitest'
import { silenceLog, useClock } from '../raffles/scenario.ts'
import { simulate } from './simulation.ts'

useClock()

it.each(Array.from({ length: 10 }, (_, at) => at + 1))(
  'seed %i',
  async (seed) => {
    const s = performance.now()
    silenceLog()
    const wrong = await simulate(seed)
    if (process.env.TIMES !== undefined || true)
      process.stdout.write(`seed ${seed}: ${Math.round(performance.now() - s)} ms\n`)
    expect(wrong, wrong ?? '').toBeNull()
  },
  60_000,
)
