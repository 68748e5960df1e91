/** A runtime to measure: the workers bundled as for a deploy, in a workerd that stops with the bench. */
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type ProcessGroup, startGroup } from '../scripts/process-group.ts'
import { ROOT, startWrangler } from '../scripts/wrangler.ts'

export interface WorkerOptions {
  name: string
  script: string
  /** The kind of purchase rate limiter; null: a peer, which has none. */
  limiter: 'memory' | 'miniflare' | null
  /** The number of database writers; default: the worker's own. */
  writers?: number
  /** A database of its own. Without it, all workers but the peers share one. */
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
export const PEERS_CONFIG = join(import.meta.dirname, 'peers.toml')

/** The running process groups, so that none outlives the bench. */
const running = new Set<ProcessGroup>()

/** Bundles `entry` into `outdir` as a deploy with `config` does, and returns the script's path. */
export async function build(entry: string, outdir: string, config = CONFIG): Promise<string> {
  const lines: string[] = []
  const args = ['deploy', join(ROOT, entry), '--config', config, '--env', '', '--dry-run', '--outdir', outdir]
  const wrangler = startWrangler(args, (line) => lines.push(line))
  running.add(wrangler)
  const code = await wrangler.ended
  running.delete(wrangler)
  if (code !== 0) throw new Error(`${entry} does not build:\n${lines.join('\n')}`)
  return join(outdir, `${basename(entry, '.ts')}.js`)
}

export async function stopAll(): Promise<void> {
  await Promise.all([...running].map((group) => group.stop()))
}

export async function startRuntime(options: HostOptions, env: NodeJS.ProcessEnv = {}): Promise<Runtime> {
  const { promise: ready, resolve, reject } = Promise.withResolvers<string>()
  const lines: string[] = []
  const group = startGroup(
    process.execPath,
    ['--no-warnings', join(import.meta.dirname, 'host.ts'), JSON.stringify(options)],
    {
      cwd: ROOT,
      env: { ...process.env, ...env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
      onLine: (line) => (line.startsWith('{"urls"') ? resolve(line) : lines.push(line)),
    },
  )
  running.add(group)
  void group.ended.then(() => {
    running.delete(group)
    reject(new Error(`The runtime ended by itself:\n${lines.slice(-20).join('\n')}`))
  })
  const { urls, pid, inspector } = JSON.parse(await ready) as {
    urls: Record<string, string>
    pid: number | null
    inspector: string | null
  }
  for (const [name, url] of Object.entries(urls)) urls[name] = url.replace(/\/$/, '')
  return { urls, usage: new Usage(pid, inspector), stop: () => group.stop() }
}

const CLOCK_TICKS_A_SECOND = 100

/** The CPU and memory that the runtime's process uses; null: the system does not report it. */
export class Usage {
  readonly #pid: number | null
  readonly #inspector: string | null

  constructor(pid: number | null, inspector: string | null) {
    this.#pid = pid
    this.#inspector = inspector
  }

  /** Resets the peak of memory. */
  resetPeak(): void {
    if (this.#pid !== null) writeFileSync(`/proc/${this.#pid}/clear_refs`, '5')
  }

  get residentMb(): number | null {
    return this.#field('VmRSS')
  }

  /** The most resident memory since the reset. */
  get peakMb(): number | null {
    return this.#field('VmHWM')
  }

  get cpuSeconds(): number | null {
    if (this.#pid === null) return null
    const stat = readFileSync(`/proc/${this.#pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND
  }

  /** The present memory of `worker`'s isolate, garbage included: V8's heap and the buffers outside it. */
  async isolateMb(worker: string): Promise<number> {
    const targets = (await (await fetch(new URL('/json', toHttp(this.#inspector!)))).json()) as Target[]
    const { webSocketDebuggerUrl } = targets.find(({ title }) => title.endsWith(`core:user:${worker}`))!
    const { promise, resolve, reject } = Promise.withResolvers<HeapUsage>()
    const socket = new WebSocket(webSocketDebuggerUrl)
    socket.addEventListener('open', () =>
      socket.send(JSON.stringify({ id: 1, method: 'Runtime.getHeapUsage' })),
    )
    socket.addEventListener('message', ({ data }) => {
      const { id, result } = JSON.parse(String(data)) as { id?: number; result: HeapUsage }
      if (id === 1) resolve(result)
    })
    socket.addEventListener('error', () => reject(new Error('The isolate does not report its memory.')))
    const { totalSize, embedderHeapUsedSize, backingStorageSize } = await promise
    socket.close()
    return (totalSize + embedderHeapUsedSize + backingStorageSize) / 1024 ** 2
  }

  #field(name: string): number | null {
    if (this.#pid === null) return null
    const status = readFileSync(`/proc/${this.#pid}/status`, 'utf8')
    return Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(status)![1]) / 1024
  }
}

interface Target {
  title: string
  webSocketDebuggerUrl: string
}

/** In bytes. */
interface HeapUsage {
  totalSize: number
  embedderHeapUsedSize: number
  backingStorageSize: number
}

const toHttp = (address: string): string => address.replace(/^ws/, 'http')
