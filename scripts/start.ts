// biome-ignore-all lint/style/noExcessiveLinesPerFile: the life of one process, in the order in which it happens
/**
 * `npm start`: all of Tombola on this machine. Migrates the local database, seeds the demo once, runs the worker,
 * ticks its cron as production would, and takes everything down with it when it ends.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { readSettings, SettingsSchema } from '../src/core/settings.ts'
import { claimData } from './data-claim.ts'
import { DEMO_PASSWORD, DEMO_PEOPLE, seed } from './demo/seed.ts'
import type { ProcessGroup } from './process-group.ts'
import { readableLine } from './worker-log.ts'
import { ROOT, startWrangler } from './wrangler.ts'

const DEFAULT_PORT = 8787
const ANSWER_TIMEOUT_MS = 60_000
const POLL_MS = 100
const TICK_MS = 60_000
const TICK_TIMEOUT_MS = 55_000
const PARENT_CHECK_MS = 500
/** Beside the data that it speaks of, so that both are deleted together. */
const SEEDED = join(ROOT, '.wrangler/state/v3/tombola-demo-is-seeded')
const CLAIMED = join(ROOT, '.wrangler/state/tombola-runs-here.json')
const EVERY_MINUTE = '*+*+*+*+*'

/** Says what is wrong without a stack: the reader is somebody who typed `npm start`. */
class Failure extends Error {}

const running = new Set<ProcessGroup>()
let ending = false

stopWith(process)
try {
  await start()
} catch (error) {
  if (!ending) {
    console.error(error instanceof Failure ? `\n${error.message}\n` : error)
    await end(1)
  }
}

async function start(): Promise<void> {
  const startedAt = performance.now()
  const port = readPort()
  const overrides = readOverrides()
  const other = claimData(CLAIMED, port)
  if (other !== null) {
    throw new Failure(
      `Tombola runs here already: http://localhost:${other.port} (process ${other.pid}). Stop that one first, with Ctrl-C.`,
    )
  }
  if (await isTaken(port)) {
    const free = port < 65_535 ? port + 1 : DEFAULT_PORT
    throw new Failure(
      `Port ${port} is taken by another program. Stop it, or choose another: PORT=${free} npm start`,
    )
  }
  console.log('Tombola is starting …')
  await wrangler('d1', 'migrations', 'apply', 'DB', '--local')
  const demoDrawnAt = existsSync(SEEDED) ? 0 : await seedOnce()
  const { origin } = await startWorker(port, overrides, show, failLate)
  const ticking = keepTicking(origin, demoDrawnAt)
  console.log(banner(origin, (performance.now() - startedAt) / 1000, unfit(overrides)))
  await ticking
}

function show(line: string): void {
  const shown = ending ? undefined : readableLine(line)
  if (shown !== undefined) console.log(shown)
}

function failLate(code: number): void {
  if (ending) return
  console.error(
    `\nThe worker has stopped by itself (wrangler ended with code ${code}). Start again: npm start`,
  )
  end(1)
}

// ——— What is asked for ———

function readPort(): number {
  const text = process.env.PORT || String(DEFAULT_PORT)
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    throw new Failure(
      `PORT must be a number from 1 to 65535, not "${text}". For example: PORT=8788 npm start`,
    )
  }
  return port
}

/** The settings that the shell's environment overrides. */
function readOverrides(): Record<string, string> {
  const names = Object.keys(SettingsSchema.shape)
  const overrides = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
  const settings = Object.fromEntries(overrides)
  // Values that fit nowhere are an error here; what production alone refuses, the worker says itself.
  const result = readSettings({
    ...settings,
    ENVIRONMENT: settings.ENVIRONMENT === 'production' ? undefined : settings.ENVIRONMENT,
  })
  if (!result.ok)
    throw new Failure(`These settings of your shell are not valid:\n  ${result.problems.join('\n  ')}`)
  return settings
}

/** What makes the worker refuse every request, if anything does. */
function unfit(overrides: Record<string, string>): string[] {
  const result = readSettings(overrides)
  return result.ok ? [] : result.problems
}

/** Something that listens, or an address that cannot be listened on: either way the port is not ours. */
async function isTaken(port: number): Promise<boolean> {
  const answers = (host: string) =>
    new Promise<boolean>((resolve) => {
      const socket = connect({ port, host, timeout: 500 })
      const settle = (taken: boolean) => {
        socket.destroy()
        resolve(taken)
      }
      socket
        .once('connect', () => settle(true))
        .once('error', () => settle(false))
        .once('timeout', () => settle(false))
    })
  const refuses = new Promise<boolean>((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(true))
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(false)))
  })
  return (await answers('127.0.0.1')) || (await answers('::1')) || (await refuses)
}

// ——— Wrangler ———

/** Runs one wrangler command to its end, silently unless it fails. */
async function wrangler(...args: string[]): Promise<void> {
  const lines: string[] = []
  const group = track(startWrangler(args, (line) => lines.push(line)))
  if ((await group.ended) !== 0) {
    throw new Failure(
      `${tail(lines)}\n\nwrangler ${args.slice(0, 3).join(' ')} failed; its words stand above.`,
    )
  }
}

interface RunningWorker {
  origin: string
  group: ProcessGroup
}

/** Starts the worker and waits until it answers. From then on `onLine` gets its log, `onDeath` an unwanted end. */
async function startWorker(
  port: number,
  vars: Record<string, string>,
  onLine: (line: string) => void = () => {},
  onDeath: (code: number) => void = () => {},
): Promise<RunningWorker> {
  const origin = `http://localhost:${port}`
  const before: string[] = []
  let isReady = false
  const args = ['dev', '--port', String(port), '--show-interactive-dev-session=false']
  for (const [name, value] of Object.entries({ PUBLIC_ORIGIN: origin, ...vars }))
    args.push('--var', `${name}:${value}`)
  const group = track(
    startWrangler(args, (line) => {
      if (isReady) onLine(line)
      else before.push(line)
    }),
  )
  let hasEnded = false
  group.ended.then((code) => {
    hasEnded = true
    if (isReady) onDeath(code)
  })
  const said = (words: string) => before.some((line) => line.includes(words))
  const giveUp = (reason: string) => new Failure(`${tail(before)}\n\n${reason}`)
  const deadline = Date.now() + ANSWER_TIMEOUT_MS
  // An answer alone could come from another program that took the port in the meantime.
  while (!(said('Ready on') && (await answers(origin)))) {
    if (said('Build failed')) throw giveUp('The worker does not compile; the reason stands above.')
    if (hasEnded) throw giveUp('Wrangler ended before the worker was up; its words stand above.')
    if (Date.now() > deadline) throw giveUp('The worker did not answer within a minute.')
    await pause(POLL_MS)
  }
  isReady = true
  return { origin, group }
}

/** Whether the worker's own code answers, with whatever status. */
async function answers(origin: string): Promise<boolean> {
  try {
    const response = await fetch(`${origin}/api/v1/health`, { signal: AbortSignal.timeout(5_000) })
    await response.arrayBuffer()
    return true
  } catch {
    return false
  }
}

function track(group: ProcessGroup): ProcessGroup {
  running.add(group)
  group.ended.then(() => running.delete(group))
  return group
}

/** The end of a command's output, for somebody who must find out what went wrong. */
function tail(lines: string[]): string {
  return lines
    .map((line) => readableLine(line))
    .filter((line) => line !== undefined)
    .slice(-40)
    .join('\n')
}

// ——— The demo ———

/**
 * The demo is made through the API of a worker on a port of its own, under the settings of wrangler.toml, before
 * the real one starts: whoever sees the real one answer finds the demo complete. Gives when its first draws are due (ms).
 */
async function seedOnce(): Promise<number> {
  console.log('Making the demo (once) …')
  const { origin, group } = await startWorker(await freePort(), { LOG_LEVEL: 'error' })
  try {
    const drawnAt = await seed(origin, (sql) => wrangler('d1', 'execute', 'DB', '--local', '--command', sql))
    mkdirSync(dirname(SEEDED), { recursive: true })
    writeFileSync(SEEDED, `${new Date().toISOString()}\n`)
    return drawnAt
  } catch (error) {
    if (ending) throw error
    console.error(
      `${error instanceof Error ? error.message : error}\nStarting without it; the next start tries again.`,
    )
    return 0
  } finally {
    await group.stop()
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

// ——— The clock ———

/**
 * Calls the cron handler now and at the start of every minute, one call at a time, as production does; and once at
 * `demoDrawnAt`, so that nobody waits for the first winners.
 */
async function keepTicking(origin: string, demoDrawnAt: number): Promise<void> {
  let isFailing = false
  while (!ending) {
    const failure = await tick(origin)
    if (failure !== undefined && !isFailing && !ending) console.error(`The minute's sweep failed: ${failure}`)
    isFailing = failure !== undefined
    const now = Date.now()
    const minute = now + TICK_MS - (now % TICK_MS)
    await pause((now < demoDrawnAt ? Math.min(demoDrawnAt, minute) : minute) - now)
  }
}

/** Runs the sweep once; answers why it failed. */
async function tick(origin: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${origin}/cdn-cgi/handler/scheduled?cron=${EVERY_MINUTE}`, {
      signal: AbortSignal.timeout(TICK_TIMEOUT_MS),
    })
    const outcome = await response.text()
    return response.ok ? undefined : outcome.split('\n')[0]
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resume) => setTimeout(resume, ms))
}

// ——— The end ———

function stopWith(self: NodeJS.Process): void {
  // npm passes signals on, so one Ctrl-C may come twice: only the first counts, and nothing is cut short by others.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) self.on(signal, () => end(0, signal))
  // Whoever reads our output is gone.
  for (const stream of [self.stdout, self.stderr]) stream.on('error', () => end(0))
  // npm was killed without being able to tell us.
  const parent = self.ppid
  if (self.env.npm_lifecycle_event !== undefined) {
    setInterval(() => self.ppid === parent || end(0, 'npm is gone'), PARENT_CHECK_MS).unref()
  }
}

async function end(code: 0 | 1, cause?: string): Promise<void> {
  if (ending) return
  ending = true
  if (cause !== undefined) console.log(`\nStopping (${cause}) …`)
  await Promise.all([...running].map((group) => group.stop()))
  process.exit(code)
}

function banner(origin: string, seconds: number, problems: string[]): string {
  const bold = (text: string) => styled('1', text)
  const faint = (text: string) => styled('2', text)
  const lines = [
    `${bold(styled('31', 'Tombola'))} is running  ${faint(`(ready in ${seconds.toFixed(1)} s)`)}`,
    '',
    `  app        ${bold(origin)}`,
    `  API docs   ${origin}/docs`,
    `  OpenAPI    ${origin}/openapi.json`,
    '',
    ...DEMO_PEOPLE.map(({ email, does }, index) => {
      return `  ${index === 0 ? 'sign in as' : '          '} ${email.padEnd(29)}${faint(does)}`
    }),
    `  password   ${bold(DEMO_PASSWORD)}`,
    '',
    ...problems.map((problem) => `  Every request is refused: ${problem}`),
    ...(problems.length > 0 ? [''] : []),
    faint('  Ctrl-C stops'),
  ]
  return `\n${lines.map((line) => `  ${line}`.trimEnd()).join('\n')}\n`
}

function styled(code: string, text: string): string {
  return process.stdout.isTTY && !process.env.NO_COLOR ? `\u001b[${code}m${text}\u001b[0m` : text
}
