/**
 * Runs a command at the head of a process group of its own, which ends as a whole: when it is asked to, and also
 * when whoever started it dies without a word. Wrangler's runtime is a grandchild that outlives a killed parent.
 *
 * Run as a program, this file is the group's guard: its stdin is a pipe whose end means that the group must go.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** How long a command may take to end by itself before its group is killed. */
const GRACE_MS = 3_000
/** How long the guard may take, its own grace included, before the group is killed from outside. */
const GUARD_GRACE_MS = GRACE_MS + 2_000
const VANISH_MS = 3_000

export interface ProcessGroup {
  /** Settles when the command has ended, with its exit code (1 where a signal ended it). */
  readonly ended: Promise<number>
  /** Ends the whole group and waits until it is gone. May be called twice. */
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
    // Stragglers would hold the pipes open, and 'close' would never come.
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
      await vanish(guard)
    },
  }
}

/** Whoever is left of the group: after a clean end nobody is. */
function killGroup(guard: ChildProcess): void {
  signalGroup(guard, 'SIGKILL')
}

/** Whether anybody was there to get the signal; 0 only asks. */
function signalGroup(guard: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (guard.pid === undefined) return false
  try {
    return process.kill(-guard.pid, signal)
  } catch {
    return false
  }
}

/** Killed grandchildren stay in the process list until the system has collected them: wait for that, a moment. */
async function vanish(guard: ChildProcess): Promise<void> {
  const deadline = Date.now() + VANISH_MS
  while (signalGroup(guard, 0) && Date.now() < deadline) await new Promise((resume) => setTimeout(resume, 25))
}

if (import.meta.main) runGuard(process.argv[2]!, process.argv.slice(3))

function runGuard(command: string, args: string[]): void {
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  child.once('error', () => process.exit(1))
  child.once('exit', (code) => process.exit(code ?? 1))
  let ending = false
  const end = () => {
    if (ending) return
    ending = true
    child.kill('SIGTERM')
    setTimeout(() => process.kill(-process.pid, 'SIGKILL'), GRACE_MS)
  }
  process.stdin.resume().once('close', end).on('error', end)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end)
}
