/** A runtime to measure: the workers bundled as for a deploy, in a workerd that stops with the bench. */
import { basename, join } from 'node:path'
import { type ProcessGroup, startGroup } from '../scripts/process-group.ts'
import { ROOT, startWrangler } from '../scripts/wrangler.ts'
import { Usage } from './usage.ts'

export interface WorkerOptions {
  name: string
  script: string
  /** The kind of purchase rate limiter; null: the bare worker, which has none. */
  limiter: 'memory' | 'miniflare' | null
  /** The number of database writers; default: the worker's own. */
  writers?: number
  /** A database of its own. Without it, all workers but the bare one share one. */
  database?: string
}

export interface HostOptions {
  workers: WorkerOptions[]
  /** The folder of objects and databases. */
  folder: string
  /** Whether to create the databases' tables and insert the seed. */
  migrate: boolean
  seed: { sql: string; values: (string | number | null)[] }[]
  /** Whether to measure the isolates' memory. */
  inspect?: boolean
}

export interface Runtime {
  /** By worker name, without a trailing slash. */
  urls: Record<string, string>
  usage: Usage
  stop(): Promise<void>
}

/** The worker's own configuration. Every worker of the bench uses its compatibility date. */
export const CONFIG = join(ROOT, 'wrangler.toml')
export const BARE_CONFIG = join(import.meta.dirname, 'bare.toml')

/** The running process groups, so that none outlives the bench. */
const running = new Set<ProcessGroup>()

/** Bundles `entry` into `outdir` as a deploy with `config` does, and returns the script's path. */
export async function build(entry: string, outdir: string, config = CONFIG): Promise<string> {
  const lines: string[] = []
  const args = ['deploy', join(ROOT, entry), '--config', config, '--env', '', '--dry-run', '--outdir', outdir]
  const wrangler = startWrangler(args, (line) => lines.push(line))
  const code = await untilStopAll(wrangler).ended
  if (code !== 0) throw new Error(`${entry} does not build:\n${lines.join('\n')}`)
  return join(outdir, `${basename(entry, '.ts')}.js`)
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((group) => group.stop()))
}

function untilStopAll(group: ProcessGroup): ProcessGroup {
  running.add(group)
  void group.ended.then(() => running.delete(group))
  return group
}

/** Starts a process group that ends with the bench. */
export const spawn: typeof startGroup = (...args) => untilStopAll(startGroup(...args))

/** Starts `script` with its options, and waits for the line of its output that begins with `sign`. */
export async function startProcess(
  sign: string,
  script: string,
  options: object,
  env: NodeJS.ProcessEnv = {},
) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const lines: string[] = []
  const group = spawn(process.execPath, ['--no-warnings', script, JSON.stringify(options)], {
    cwd: ROOT,
    env: { ...process.env, ...env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
    onLine: (line) => (line.startsWith(sign) ? resolve(line) : lines.push(line)),
  })
  void group.ended.then(() => reject(new Error(`${script} ended by itself:\n${lines.slice(-20).join('\n')}`)))
  return { group, ready: await promise, lines }
}

export async function startRuntime(options: HostOptions, env: NodeJS.ProcessEnv = {}): Promise<Runtime> {
  const { group, ready } = await startProcess('{"urls"', join(import.meta.dirname, 'host.ts'), options, env)
  const { urls, pid, inspector } = JSON.parse(ready) as {
    urls: Record<string, string>
    pid: number | null
    inspector: string | null
  }
  for (const [name, url] of Object.entries(urls)) urls[name] = url.replace(/\/$/, '')
  return { urls, usage: new Usage(pid, inspector), stop: () => group.stop() }
}
