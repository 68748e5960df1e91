/**
 * Runs a command in its own process group, and ends the whole group on `stop()` or when the starting process dies.
 * Wrangler's runtime is a grandchild, which would outlive a killed parent.
 *
 * Run as a program, this file is the group's guard. Its stdin is a pipe from the starting process, and the pipe's end
 * means that the group must end.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How long a command may take to end after SIGTERM before its group is killed. */
const GRACE_MS = 3_000
/** How long the guard may take, its own grace included, before this process kills the group. */
const GUARD_GRACE_MS = GRACE_MS + 2_000
const REAP_MS = 3_000

export interface ProcessGroup {
  /** Resolves with the command's exit code once it has ended; 1 if a signal ended it. */
  readonly ended: Promise<number>
  /** Ends the whole group and waits for that. May be called twice. */
  stop(): Promise<void>
}

export interface GroupOptions {
  cwd: string
  env: NodeJS.ProcessEnv
  /** Receives stdout and stderr, line by line. */
  onLine: (line: string) => void
}

export function startGroup(
  command: string,
  args: string[],
  { cwd, env, onLine }: GroupOptions,
): ProcessGroup {
  const guard = spawn(process.execPath, [import.meta.filename, command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  guard.stdin.on('error', () => {})
  for (const stream of [guard.stdout, guard.stderr]) createInterface({ input: stream }).on('line', onLine)
  const ended = new Promise<number>((resolve) => {
    guard.once('error', () => resolve(1))
    // A process that is left would hold the pipes open, and 'close' would never come.
    guard.once('exit', () => killGroup(guard))
    guard.once('close', (code) => resolve(code ?? 1))
  })
  return {
    ended,
    async stop() {
      guard.stdin.end()
      const timer = setTimeout(() => killGroup(guard), GUARD_GRACE_MS)
      await ended
      clearTimeout(timer)
      await waitUntilReaped(guard)
    },
  }
}

/** Kills what is left of the group. After a clean end nothing is left. */
function killGroup(guard: ChildProcess): void {
  signalGroup(guard, 'SIGKILL')
}

/** Whether the group still has a process. Signal 0 only checks. */
function signalGroup(guard: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (guard.pid === undefined) return false
  try {
    return process.kill(-guard.pid, signal)
  } catch {
    return false
  }
}

/** Killed grandchildren stay in the process list until the system has reaped them. Waits for that, but not for long. */
async function waitUntilReaped(guard: ChildProcess): Promise<void> {
  const deadline = Date.now() + REAP_MS
  while (signalGroup(guard, 0) && Date.now() < deadline) await new Promise((resume) => setTimeout(resume, 25))
}

if (import.meta.main) runGuard(process.argv[2]!, process.argv.slice(3))

function runGuard(command: string, args: string[]): void {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  child.once('error', () => process.exit(1))
  child.once('exit', (code) => process.exit(code ?? 1))
  let isEnding = false
  const endGroup = () => {
    if (isEnding) return
    isEnding = true
    child.kill('SIGTERM')
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS)
  }
  process.stdin.resume().once('close', endGroup).on('error', endGroup)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, endGroup)
}
