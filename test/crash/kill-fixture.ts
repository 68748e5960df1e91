/**
 * Runs the built worker on a data folder until it is killed. This process leads its own process group, so that one signal
 * kills everything in it. It prints the worker's address as one line.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'

const ROOT = join(import.meta.dirname, '../..')
const MIGRATIONS = [
  ['DB', 'migrations'],
  ['SEARCH', 'migrations-search'],
] as const

export interface HostOptions {
  /** The worker as it would be deployed. */
  script: string
  /** The folder of its data. */
  folder: string
  /** Statements for a new database, after its migrations; null if the database exists. */
  setUp: { sql: string; values: (string | number)[] }[] | null
}

if (import.meta.main) await host(JSON.parse(process.argv[2]!))

async function host({ script, folder, setUp }: HostOptions): Promise<void> {
  // If the parent process dies, nobody else would kill this one.
  process.stdin.resume().once('close', () => process.kill(-process.pid, 'SIGKILL'))
  const { workerOptions } = workerOptionsOf(join(ROOT, 'wrangler.toml'))
  const { assets: _assets, modulesRules: _rules, ...bindings } = workerOptions
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          ...bindings,
          name: 'tombola',
          bindings: { ...(bindings.bindings as Record<string, string>), LOG_LEVEL: 'error' },
          modules: [{ type: 'ESModule', path: script }],
          modulesRoot: dirname(script),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
      resourcePersistencePath: folder,
      cf: false,
      handleStructuredLogs: () => {},
      telemetry: { enabled: false },
    }),
  )
  await runtime.ready
  if (setUp !== null) {
    const database = await runtime.getD1Database('DB', 'tombola')
    for (const [binding, folder] of MIGRATIONS) {
      const migrated = await runtime.getD1Database(binding, 'tombola')
      for (const file of readdirSync(join(ROOT, folder))
        .filter((each) => each.endsWith('.sql'))
        .sort()) {
        const statements = readFileSync(join(ROOT, folder, file), 'utf8').split('--> statement-breakpoint')
        await migrated.batch(statements.map((statement) => migrated.prepare(statement)))
      }
    }
    for (const { sql, values } of setUp)
      await database
        .prepare(sql)
        .bind(...values)
        .run()
  }
  process.stdout.write(`${(await runtime.unsafeGetDirectURL('tombola')).href}\n`)
}
