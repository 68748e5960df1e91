/**
 * Runs the built worker on a folder of data until it is killed: a process of its own, at the head of its own group, so
 * that everything in it dies at once. Says where it listens in one line.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'

const ROOT = join(import.meta.dirname, '../..')

export interface HostOptions {
  /** The worker as it would be deployed. */
  script: string
  /** Where its data lies. */
  folder: string
  /** Run once on a new database, after its migrations; null where there is one already. */
  setUp: { sql: string; values: (string | number)[] }[] | null
}

if (import.meta.main) await host(JSON.parse(process.argv[2]!))

async function host({ script, folder, setUp }: HostOptions): Promise<void> {
  // Whoever started this may die without a word: then nobody is left to kill it.
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
    const migrations = join(ROOT, 'migrations')
    for (const file of readdirSync(migrations)
      .filter((each) => each.endsWith('.sql'))
      .sort()) {
      const statements = readFileSync(join(migrations, file), 'utf8').split('--> statement-breakpoint')
      await database.batch(statements.map((statement) => database.prepare(statement)))
    }
    for (const { sql, values } of setUp)
      await database
        .prepare(sql)
        .bind(...values)
        .run()
  }
  process.stdout.write(`${(await runtime.unsafeGetDirectURL('tombola')).href}\n`)
}
