/**
 * Runs workers in Miniflare until it is asked to end; a process of its own, so that reading the runtime's logs (and
 * dropping them) takes no time from the load generator. Says where they listen, and the runtime's process id, in one
 * line of JSON.
 */
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { ROOT } from '../scripts/wrangler.ts'
import { CONFIG, type HostOptions } from './runtime.ts'

const options = JSON.parse(process.argv[2]!) as HostOptions

/** As `wrangler.toml` has them, without what the bench does not need: pages' assets, and the cron. */
function tombola(name: string, script: string): V4WorkerOptions {
  const { workerOptions } = workerOptionsOf(CONFIG)
  const { assets: _assets, modulesRules: _rules, ...bindings } = workerOptions
  return {
    ...bindings,
    name,
    bindings: { ...bindings.bindings, DRAW_LEAD_SECONDS: '1', LOG_LEVEL: 'info' },
    ...listening(script),
  }
}

const peer = (name: string, script: string): V4WorkerOptions => ({
  name,
  compatibilityDate: workerOptionsOf(CONFIG).workerOptions.compatibilityDate,
  durableObjects: { POOL: { className: 'OneRowPool', useSQLite: true } },
  ...listening(script),
})

const listening = (script: string) => ({
  modules: [{ type: 'ESModule' as const, path: script }],
  modulesRoot: dirname(script),
  unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
})

const runtime = new Miniflare(
  convertV4MiniflareOptions({
    workers: options.workers.map(({ name, script, kind }) =>
      kind === 'tombola' ? tombola(name, script) : peer(name, script),
    ),
    resourcePersistencePath: options.folder,
    cf: false,
    handleStructuredLogs: () => {},
    telemetry: { enabled: false },
    ...(process.env['PROBE_INSPECT'] ? { inspectorPort: Number(process.env['PROBE_INSPECT']) } : {}),
  }),
)

await runtime.ready
const urls: Record<string, string> = {}
for (const { name } of options.workers) urls[name] = (await runtime.unsafeGetDirectURL(name)).href
if (options.migrate) await migrate(options.workers.find(({ kind }) => kind === 'tombola')!.name)
console.log(JSON.stringify({ urls, pid: runtimePid() }))
process.once('SIGTERM', () => void runtime.dispose().then(() => process.exit(0)))

async function migrate(worker: string): Promise<void> {
  const database = await runtime.getD1Database('DB', worker)
  const folder = join(ROOT, 'migrations')
  for (const file of readdirSync(folder).filter((each) => each.endsWith('.sql')).sort()) {
    const statements = readFileSync(join(folder, file), 'utf8').split('--> statement-breakpoint')
    await database.batch(statements.map((statement) => database.prepare(statement)))
  }
  for (const { sql, values } of options.seed) await database.prepare(sql).bind(...values).run()
}

/** The one child of this process; where there is no /proc, memory is not measured. */
function runtimePid(): number | null {
  try {
    const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ')
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('workerd')))
  } catch {
    return null
  }
}
