import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { STRIPE_SETTINGS } from './test/fakes/stripe/settings.ts'
import { plantBugs } from './test/harness/planted-bugs.ts'

/** The longest files start first. Otherwise one worker could run a long file at the end while the other is idle. */
const LONGEST = [
  'simulation/seeds',
  'crash/refunds',
  'payouts/payouts',
  'crash/kill',
  'crash/orders',
  'refunds/refunds',
  'draws/winners',
  'crash/payouts',
  'payments/payments',
  'simulation/invariants',
  'payments/mpesa',
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

/** The tests of Stripe and the simulation, with Stripe's keys set: a fake answers for it. */
const WITH_STRIPE = ['test/{crash,payments,payouts}/stripe*.test.ts', 'test/simulation/seeds.test.ts']

/** The tests that the simulation finds planted bugs. */
const PLANTED = 'test/simulation/planted*.test.ts'

const write = (message: string) => void process.stderr.write(`${message}\n`)

/** Vite's messages, without a warning for each file of a package whose source map names sources that it leaves out. */
const logger: NonNullable<TestProjectInlineConfiguration['customLogger']> = {
  hasWarned: false,
  info: () => {},
  warn: (message) => write(message),
  warnOnce: (message) => {
    if (!message.includes('points to missing source files')) write(message)
  },
  error: (message) => write(message),
  clearScreen: () => {},
  hasErrorLogged: () => false,
}

/** Runs tests inside workerd, through the real routes. */
const inWorkerd = (
  test: TestProjectInlineConfiguration['test'],
  settings: Record<string, string> = {},
): TestProjectInlineConfiguration => ({
  customLogger: logger,
  plugins: [
    plantBugs(),
    cloudflareTest(async () => ({
      wrangler: { configPath: './wrangler.toml' },
      miniflare: {
        bindings: {
          TEST_MIGRATIONS: await readD1Migrations('./migrations'),
          TEST_SEARCH_MIGRATIONS: await readD1Migrations('./migrations-search'),
          LOG_LEVEL: 'error',
          SHARE_READS_MS: '0',
          ...settings,
        },
      },
    })),
  ],
  test: {
    // One isolate for all files: loading the worker again takes longer than most files.
    isolate: false,
    // Test workers share the machine, so a test of one second may take several.
    testTimeout: 15_000,
    globalSetup: ['./test/harness/keep-in-memory.ts'],
    setupFiles: [
      './test/harness/lazy-modules.ts',
      './test/harness/migrate.ts',
      './test/harness/watch-log.ts',
    ],
    ...test,
  },
})

// `npm test` runs five projects. Tests of pure logic run in Node in milliseconds (`*.unit.test.ts`). Tests that kill a
// process start their own (`*.process.test.ts`). All others call the real routes inside workerd, those of the database
// writer with the writer on, those of Stripe with its keys. `npm run simulate` and `npm run crash` run the full versions of
// two tests that `npm test` shortens. `npm run planted` tests the simulation.
export default defineConfig({
  test: {
    // One worker for each core: a workerd uses one core, and Vitest itself uses little.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    // Prints one line a file and the failures, without a list of slow tests.
    reporters: ['default'],
    // `npm run coverage`. Workerd cannot use V8's own coverage, so the code is instrumented.
    coverage: {
      provider: 'istanbul',
      include: ['src/**/*.ts'],
      reporter: ['text'],
      reportOnFailure: true,
    },
    slowTestThreshold: Number.POSITIVE_INFINITY,
    projects: [
      // Milliseconds each, but signatures on a slow machine take seconds.
      {
        test: { name: 'unit', include: ['test/**/*.unit.test.ts'], environment: 'node', testTimeout: 30_000 },
      },
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
        exclude: [
          'test/**/*.unit.test.ts',
          'test/**/*.process.test.ts',
          'test/core/writer/**',
          PLANTED,
          ...WITH_STRIPE,
        ],
        provide: { crashStride: 3 },
      }),
      inWorkerd(
        { name: 'writer', include: ['test/core/writer/*.test.ts'], exclude: ['test/**/*.unit.test.ts'] },
        { DATABASE_WRITERS: '1' },
      ),
      inWorkerd(
        { name: 'stripe', include: [...WITH_STRIPE], provide: { crashStride: 3 } },
        { ...STRIPE_SETTINGS },
      ),
      inWorkerd({ name: 'planted', include: [PLANTED] }, { ...STRIPE_SETTINGS }),
      inWorkerd(
        {
          name: 'simulate',
          include: ['test/simulation/simulate.run.ts'],
          provide: {
            seeds: Number(process.env.SEEDS ?? 1_000),
            from: Number(process.env.FROM ?? 1),
            part: process.env.PART === 'event' ? 'event' : 'all',
          },
        },
        { ...STRIPE_SETTINGS },
      ),
      inWorkerd(
        {
          name: 'crash',
          include: ['test/crash/*.test.ts'],
          exclude: ['test/crash/*.process.test.ts'],
          provide: { crashStride: 1 },
        },
        { ...STRIPE_SETTINGS },
      ),
    ],
  },
})
