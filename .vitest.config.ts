import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { plantBugs } from './test/harness/planted-bugs.ts'

/** The longest files begin first, so that no worker is left with one at the end while the other has nothing to do. */
const LONGEST = [
  'crash/refunds',
  'simulation/planted-bugs',
  'simulation/seeds',
  'payouts/payouts',
  'crash/kill',
  'crash/orders',
  'refunds/refunds',
  'draws/winners',
  'crash/payouts',
  'payments/payments',
  'simulation/invariants',
  'payments/mobile-money',
  'tickets/object/pool-faults',
  'tickets/object/pool-storm',
].map((name) => `/test/${name}.`)

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => LONGEST.findIndex((name) => moduleId.includes(name))
    const longest = files.filter((file) => rank(file) >= 0).sort((a, b) => rank(a) - rank(b))
    return [...longest, ...(await super.sort(files.filter((file) => rank(file) < 0)))]
  }
}

/** Inside workerd, through the real doors. */
const inWorkerd = (test: TestProjectInlineConfiguration['test']): TestProjectInlineConfiguration => ({
  plugins: [
    plantBugs(),
    cloudflareTest(async () => ({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        bindings: { TEST_MIGRATIONS: await readD1Migrations('./migrations'), LOG_LEVEL: 'error' },
      },
    })),
  ],
  test: {
    // One isolate for all files: loading the worker anew for each took longer than most of them.
    isolate: false,
    // Two share a machine: what takes a second alone may take several.
    testTimeout: 15_000,
    globalSetup: ['./test/harness/keep-in-memory.ts'],
    setupFiles: ['./test/harness/migrate.ts', './test/harness/watch-log.ts'],
    ...test,
  },
})

// Three projects are what `npm test` runs: pure logic runs in Node in milliseconds (`*.unit.test.ts`); what ends a
// process needs one of its own (`*.process.test.ts`); everything else goes through the real doors, inside workerd. Two
// more are the whole form of what that has a short form of: `npm run simulate` and `npm run crash`.
export default defineConfig({
  test: {
    // A workerd runs on one core, and Vitest has hardly anything to do beside it: one for each core.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    // One line a file, and whatever failed; no list of slow tests.
    reporters: ['default'],
    slowTestThreshold: Number.POSITIVE_INFINITY,
    projects: [
      { test: { name: 'unit', include: ['test/**/*.unit.test.ts'], environment: 'node' } },
      {
        test: {
          name: 'process',
          include: ['test/**/*.process.test.ts'],
          environment: 'node',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      inWorkerd({
        name: 'worker',
        include: ['test/**/*.test.ts'],
        exclude: ['test/**/*.unit.test.ts', 'test/**/*.process.test.ts'],
        provide: { crashStride: 3 },
      }),
      inWorkerd({
        name: 'simulate',
        include: ['test/simulation/simulate.run.ts'],
        provide: { seeds: Number(process.env.SEEDS ?? 1_000), from: Number(process.env.FROM ?? 1) },
      }),
      inWorkerd({
        name: 'crash',
        include: ['test/crash/*.test.ts'],
        exclude: ['test/crash/*.process.test.ts'],
        provide: { crashStride: 1 },
      }),
    ],
  },
})
