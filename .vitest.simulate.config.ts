import { defineConfig } from 'vitest/config'
import { inWorkerd } from './.vitest.config.ts'

// The simulation alone, over as many seeds as one likes: `npm run simulate -- --seeds 1000 --from 1`.
export default defineConfig({
  ...inWorkerd,
  test: {
    ...inWorkerd.test,
    name: 'simulate',
    include: ['test/simulation/simulate.run.ts'],
    exclude: [],
    provide: { seeds: Number(process.env.SEEDS ?? 1_000), from: Number(process.env.FROM ?? 1) },
  },
})
