import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { plantBugs } from './test/harness/planted-bugs.ts'

/** The longest files begin first, so that no worker is left with one at the end while the other has nothing to do. */
const LONGEST = /(simulation\/(seeds|planted-bugs)|crash\/)/
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) => LONGEST.test(moduleId)
    const rest = await super.sort(files.filter((file) => !isLong(file)))
    return [...files.filter(isLong), ...rest]
  }
}

/** What runs inside workerd, with a database of its own a file. */
export const inWorkerd = {
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
    name: 'worker',
    // One isolate for all files: loading the worker anew for each took longer than most of them.
    isolate: false,
    // Two share a machine: what takes a second alone may take several.
    testTimeout: 15_000,
    include: ['test/**/*.test.ts'],
    exclude: ['test/**/*.unit.test.ts', 'test/**/*.process.test.ts'],
    setupFiles: ['./test/harness/migrate.ts', './test/harness/watch-log.ts'],
  },
}

// Three projects: pure logic runs in Node in milliseconds (`*.unit.test.ts`); what ends a process needs one of its
// own (`*.process.test.ts`); everything else goes through the real doors, inside workerd.
export default defineConfig({
  test: {
    // A workerd runs on one core, and Vitest has hardly anything to do beside it: one for each core.
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
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
      inWorkerd,
    ],
  },
})
