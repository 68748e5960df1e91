import { afterAll, expect, it, vi } from 'vitest'
import { silenceLog, useClock } from '../raffles/scenario.ts'
import { simulate } from './simulation.ts'
import { dump } from './simulation-world.ts'

const silenceErrors = () => {
  vi.spyOn(console, 'error').mockImplementation(() => {})
}
useClock()
const times: number[] = []
afterAll(() => {
  console.warn(times.join(' '))
  dump()
})

it.each(Array.from({ length: 10 }, (_, at) => at + 1))(
  'seed %i',
  async (seed) => {
    const s = performance.now()
    silenceErrors()
    const wrong = await simulate(seed)
    times.push(Math.round(performance.now() - s))
    expect(wrong, wrong ?? '').toBeNull()
  },
  60_000,
)
