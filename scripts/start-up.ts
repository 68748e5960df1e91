/** Measures the CPU time that a built worker needs to start, beside a worker of one line in the same runtime. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { ROOT } from './wrangler.ts'

const ROUNDS = 3
const BARE_WORKER = 'export default { fetch: () => new Response() }'

export interface StartUp {
  /** The worker's own CPU time, in milliseconds: the time above that of the empty worker. */
  ownMs: number
  /** The CPU time of the empty worker, in milliseconds. It tells how fast this machine is now. */
  emptyMs: number
}

/** The medians over some rounds; null: the system does not report the CPU time of a process. */
export async function measureStartUp(script: string): Promise<StartUp | null> {
  const bare = join(dirname(script), 'bare-worker.js')
  writeFileSync(bare, BARE_WORKER)
  const own: number[] = []
  const empty: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [whole, base] = [await startOnce(script), await startOnce(bare)]
    if (whole === null || base === null) return null
    own.push(whole - base)
    empty.push(base)
  }
  return { ownMs: median(own), emptyMs: median(empty) }
}

const median = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)]!

/** The CPU time of a runtime until its one worker has started. */
async function startOnce(script: string): Promise<number | null> {
  const { compatibilityDate, compatibilityFlags } = workerOptionsOf(join(ROOT, 'wrangler.toml'))
    .workerOptions as V4WorkerOptions
  const runtime = new Miniflare(
    convertV4MiniflareOptions({
      workers: [
        {
          name: 'measured',
          compatibilityDate,
          compatibilityFlags,
          modules: [{ type: 'ESModule', path: script }],
          modulesRoot: dirname(script),
        },
      ],
      cf: false,
      handleStructuredLogs: () => {},
      telemetry: { enabled: false },
    }),
  )
  try {
    await runtime.ready
    return cpuMsOfChild()
  } finally {
    await runtime.dispose()
  }
}

/** The CPU time of every thread of this process's one workerd child. */
function cpuMsOfChild(): number | null {
  if (!existsSync('/proc/self/schedstat')) return null
  const child = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isOurs(name))
  if (child === undefined) return null
  let nanoseconds = 0
  for (const thread of readdirSync(`/proc/${child}/task`)) {
    nanoseconds += Number(readFileSync(`/proc/${child}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  }
  return nanoseconds / 1e6
}

function isOurs(pid: string): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return stat.includes('(workerd)') && Number(parent) === process.pid
  } catch {
    return false
  }
}
