import { afterAll, expect, it } from 'vitest'
import { silenceLog, useClock } from '../raffles/scenario.ts'
import { simulate } from './simulation.ts'

useClock()
const times: number[] = []
afterAll(() => { console.warn(times.join(' ')) })

it.each(Array.from({ length: 10 }, (_, at) => at + 1))(
  'seed %i',
  async (seed) => {
    const s = performance.now()
    silenceLog()
    const wrong = await simulate(seed)
    times.push(Math.round(performance.now() - s))
    expect(wrong, wrong ?? '').toBeNull()
  },
  60_000,
)
