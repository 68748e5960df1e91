/** What a process uses of the machine, as Linux reports it in /proc. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

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
    return this.#pid === null ? null : cpuSecondsOf(this.#pid)
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

interface Stat {
  parent: number
  cpuSeconds: number
}

/** Null: the process has ended, or the system has no /proc. */
function statOf(pid: number): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return {
      parent: Number(fields[1]),
      cpuSeconds: (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_A_SECOND,
    }
  } catch {
    return null
  }
}

/** The CPU time of a running process so far; null: the system does not report it. */
export const cpuSecondsOf = (pid: number): number | null => statOf(pid)?.cpuSeconds ?? null

/** The CPU time of a process and its present children, such as a database's connections. */
export function familyCpuSeconds(pid: number): number | null {
  const own = cpuSecondsOf(pid)
  if (own === null) return null
  const stats = readdirSync('/proc')
    .map(Number)
    .filter((each) => each > 0)
    .map(statOf)
  return stats.filter((stat) => stat?.parent === pid).reduce((sum, stat) => sum + stat!.cpuSeconds, own)
}
