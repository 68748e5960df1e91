/**
 * Runs workers in Miniflare until SIGTERM. It is a process of its own, so that reading and dropping the runtime's logs
 * takes no time from the load generator. It prints the workers' URLs and the runtime's process id as a line of JSON.
 */

import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { ROOT } from '../scripts/wrangler.ts'
import { CONFIG, type HostOptions, type WorkerOptions } from './runtime.ts'

const options = JSON.parse(process.argv[2]!) as HostOptions
const configured = workerOptionsOf(CONFIG).workerOptions as V4WorkerOptions & Record<string, unknown>

/** The worker's options from `wrangler.toml`, without the page assets, which the bench does not need. */
function tombola({ name, script, limiter, database, writers }: WorkerOptions): V4WorkerOptions {
  const { assets: _assets, modulesRules: _rules, ...options } = configured
  return {
    ...options,
    ...(database === undefined ? {} : { d1Databases: { DB: database, SEARCH: `${database}-search` } }),
    name,
    bindings: {
      ...(options.bindings as Record<string, string>),
      DRAW_LEAD_SECONDS: '1',
      LOG_LEVEL: 'info',
      BENCH_LIMITER: limiter,
      ...(writers === undefined ? {} : { DATABASE_WRITERS: String(writers) }),
    },
    ...listening(script),
  }
}

const bare = ({ name, script }: WorkerOptions): V4WorkerOptions => ({
  name,
  compatibilityDate: configured.compatibilityDate as string,
  durableObjects: { POOL: { className: 'OneRowPool', useSQLite: true } },
  d1Databases: { DB: 'bench-bare' },
  ...listening(script),
})

const listening = (script: string) => ({
  modules: [{ type: 'ESModule' as const, path: script }],
  modulesRoot: dirname(script),
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
})

const runtime = new Miniflare(
  convertV4MiniflareOptions({
    workers: options.workers.map((each) => (each.limiter === null ? bare(each) : tombola(each))),
    resourcePersistencePath: options.folder,
    cf: false,
    handleStructuredLogs: () => {},
    telemetry: { enabled: false },
    ...(options.inspect ? { inspectorPort: 0 } : {}),
  }),
)

await runtime.ready
const urls: Record<string, string> = {}
for (const { name } of options.workers) urls[name] = (await runtime.unsafeGetDirectURL(name)).href
if (options.migrate) {
  const shared = options.workers.find(({ limiter, database }) => limiter !== null && database === undefined)!
  const others = options.workers.filter(({ database }) => database !== undefined)
  for (const { name } of [shared, ...others]) await migrate(name)
}
const inspector = options.inspect ? (await runtime.getInspectorURL()).href : null
console.log(JSON.stringify({ urls, pid: runtimePid(), inspector }))
process.once('SIGTERM', () => void runtime.dispose().then(() => process.exit(0)))

async function migrate(worker: string): Promise<void> {
  const database = await runtime.getD1Database('DB', worker)
  await createTables(database, 'migrations')
  await createTables(await runtime.getD1Database('SEARCH', worker), 'migrations-search')
  for (const { sql, values } of options.seed)
    await database
      .prepare(sql)
      .bind(...values)
      .run()
}

async function createTables(
  database: Awaited<ReturnType<Miniflare['getD1Database']>>,
  migrations: string,
): Promise<void> {
  const folder = join(ROOT, migrations)
  for (const file of readdirSync(folder)
    .filter((each) => each.endsWith('.sql'))
    .sort()) {
    const statements = readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint')
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
}

/** The process id of the one workerd child; null: there is no /proc, so memory is not measured. */
function runtimePid(): number | null {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd')))
  } catch {
    return null
  }
}
