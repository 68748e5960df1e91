/** Measures the CPU time that a built worker needs to start, beside a worker of one line in the same runtime. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare, type V4WorkerOptions } from 'miniflare'
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from 'wrangler'
import { ROOT } from './wrangler.ts'

const ROUNDS = 3
const BARE_WORKER = 'export default { fetch: () => new Response() }'

/** The median over some rounds, in milliseconds; null: the system does not report the CPU time of a process. */
export async function startUpMs(script: string): Promise<number | null> {
  const bare = join(dirname(script), 'bare-worker.js')
  writeFileSync(bare, BARE_WORKER)
  const rounds: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const [whole, base] = [await startOnce(script), await startOnce(bare)]
    if (whole === null || base === null) return null
    rounds.push(whole - base)
  }
  return rounds.sort((a, b) => a - b)[Math.floor(ROUNDS / 2)]!
}

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
