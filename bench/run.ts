/**
 * `npm run bench`: compares the speed of purchases and reads with a bare worker's and with peers', counts what they use and
 * what that costs, and checks that a million tickets load, sell and are drawn within the platform's limits. Exits 1 if a
 * limit is exceeded. README.md says what each line means.
 *
 * Absolute numbers depend on the machine as much as on the code, so endpoints that are compared take turns.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ROOT } from '../scripts/wrangler.ts'
import { priceMillion } from './cost.ts'
import { compareEnds, drawMillion, fillMillion } from './million.ts'
import { sellForMoney } from './priced.ts'
import { organiserRows, signIn } from './raffle.ts'
import { compareGrowth, compareReads } from './reads.ts'
import { failures, print, type Section } from './report.ts'
import { BARE_CONFIG, build, type HostOptions, type Runtime, startRuntime, stopAll } from './runtime.ts'
import { compareSizes } from './sizes.ts'
import { compareDoors, countRows } from './speed.ts'
import type { Effort } from './turns.ts'
import { compareWriters } from './writers.ts'

const PARTS = ['entries', 'reads', 'money', 'writers', 'peers', 'search', 'cost', 'million'] as const
const USAGE = `Usage: npm run bench -- [--quick] [--only ${PARTS.join(' | ')}] [--work WORDS] [--json FILE]`
const FULL: Effort = { rounds: 9, roundSeconds: 2 }
const QUICK: Effort = { rounds: 3, roundSeconds: 1 }
const MAX_MINUTES = 30
/**
 * An isolate on the platform has 128 MB for its heap and its buffers. With half of it for the heap, V8 collects garbage
 * in time; buffers are outside the heap, so theirs may still pile up.
 */
const SMALL_HEAP = { MINIFLARE_WORKERD_V8_FLAGS: '--max-heap-size=64' }

const sections: Section[] = []

function report(section: Section): void {
  sections.push(section)
  print(section)
}

async function bench(folder: string, effort: Effort, parts: readonly string[]): Promise<void> {
  const [worker, bare] = await Promise.all([
    build('bench/worker.ts', join(folder, 'worker')),
    build('bench/bare.ts', join(folder, 'bare'), BARE_CONFIG),
  ])
  const tombola = { name: 'tombola', script: worker, limiter: 'memory' } as const
  const options: HostOptions = {
    workers: [
      tombola,
      { name: 'limited', script: worker, limiter: 'miniflare' },
      { name: 'shared', script: worker, limiter: 'memory', writers: 1 },
      { name: 'few', script: worker, limiter: 'memory', database: 'bench-few' },
      { name: 'bare', script: bare, limiter: null },
    ],
    folder: join(folder, 'data'),
    migrate: true,
    seed: organiserRows(),
  }
  const people = await signIn()
  const runtime = await startRuntime(options)
  if (parts.includes('entries')) {
    report(await compareDoors(runtime, people, effort))
    report(await countRows(runtime, people, effort))
    report(await compareSizes(runtime, people, { ...effort, rounds: Math.ceil(effort.rounds / 2) }))
  }
  if (parts.includes('reads')) {
    const half = { ...effort, rounds: Math.ceil(effort.rounds / 2) }
    report(await compareReads(runtime, people, half))
    report(await compareGrowth(runtime, people, half))
  }
  if (parts.includes('money')) report(await sellForMoney(runtime, people, effort))
  if (parts.includes('writers'))
    report(await compareWriters(runtime, people, { ...effort, rounds: Math.ceil(effort.rounds / 2) }))
  if (parts.includes('peers')) {
    // Only this part needs the peers' packages.
    const [{ startPeers }, { comparePeers }] = await Promise.all([
      import('./peers/start.ts'),
      import('./peers/compare.ts'),
    ])
    const peers = await startPeers(join(folder, 'peers'))
    const half = { ...effort, rounds: Math.ceil(effort.rounds / 2) }
    await comparePeers(runtime, people, peers, { effort: half, work: values.work ?? '', report })
  }
  if (parts.includes('search')) {
    // Only this part and the peers need PostgreSQL's client.
    const { compareSearches } = await import('./search.ts')
    const isFull = effort.rounds === FULL.rounds
    report(
      await compareSearches(runtime, join(folder, 'search'), {
        documents: isFull ? 100_000 : 20_000,
        searches: isFull ? 200 : 50,
      }),
    )
  }
  if (parts.includes('cost')) report(await priceMillion(runtime, people, effort))
  if (!parts.includes('million')) return
  const million = await fillMillion(runtime, people)
  report(await compareEnds(runtime, people, million, { ...effort, rounds: Math.ceil(effort.rounds / 2) }))
  await runtime.stop()

  const start = (): Promise<Runtime> =>
    startRuntime({ ...options, workers: [tombola], migrate: false, inspect: true }, SMALL_HEAP)
  report(
    await drawMillion(start, people, {
      title: '1,000,000 tickets, each of another holder, 100 prizes',
      raffleId: million.many,
      winners: 100,
    }),
  )
  report(
    await drawMillion(start, people, {
      title: '1,000,000 tickets of 3 holders, one with all but 2; 10 prizes, one per holder',
      raffleId: million.three,
      winners: 3,
    }),
  )
}

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    work: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean' },
  },
})
const parts = values.only === undefined ? PARTS : PARTS.filter((part) => part === values.only)
if (values.help || parts.length === 0) {
  console.log(USAGE)
  process.exit(values.help ? 0 : 1)
}

// On the project's own disk, as the system's temporary folder may be in memory, where nothing is durable.
mkdirSync(join(ROOT, '.wrangler'), { recursive: true })
const folder = mkdtempSync(join(ROOT, '.wrangler/bench-'))
const started = performance.now()
let stopping: Promise<void> | undefined
const end = (code: number): Promise<void> => {
  stopping ??= stopAll().then(() => {
    rmSync(folder, { recursive: true, force: true })
    process.exit(code)
  })
  return stopping
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void end(130))
const overdue = setTimeout(() => {
  console.error(`The bench took more than ${MAX_MINUTES} minutes.`)
  void end(1)
}, MAX_MINUTES * 60_000)

try {
  await bench(folder, values.quick ? QUICK : FULL, parts)
  const failed = failures(sections)
  const seconds = Math.round((performance.now() - started) / 1_000)
  console.log(
    `\n${failed.length === 0 ? 'Every limit is kept' : `${failed.length} limits are exceeded`}; ${seconds} s.`,
  )
  for (const { what, measured, limit } of failed) console.log(`  FAIL ${what}: ${measured} ${limit}`)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(sections, null, 2)}\n`)
  clearTimeout(overdue)
  await end(failed.length === 0 ? 0 : 1)
} catch (error) {
  if (stopping === undefined) console.error(error)
  await end(1)
}
