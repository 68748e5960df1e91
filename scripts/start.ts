// biome-ignore-all lint/style/noExcessiveLinesPerFile: the life of one process, in the order in which it happens
/**
 * `npm start`: all of Tombola on this machine. It migrates the local database, seeds the demo once, and runs the worker.
 * It calls the worker's cron each minute, as production would, and stops everything when it ends.
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
/** It lies beside the data, so that both are deleted together. */
const SEEDED = join(ROOT, '.wrangler/state/v3/tombola-demo-is-seeded')
const CLAIMED = join(ROOT, '.wrangler/state/tombola-runs-here.json')
/** Objects of versions that named the development worker otherwise. The platform finds objects by their worker's name. */
const EARLIER_OBJECTS = join(ROOT, '.wrangler/state/v3/do/tombola-TicketPool')
const EVERY_MINUTE = '*+*+*+*+*'

/** An error that is shown without a stack: its reader is a person who typed `npm start`. */
class Failure extends Error {}

const running = new Set<ProcessGroup>()
let isEnding = false

stopOnSignals(process)
try {
  await run()
} catch (error) {
  if (!isEnding) {
    console.error(error instanceof Failure ? `\n${error.message}\n` : error)
    await shutDown(1)
  }
}

async function run(): Promise<void> {
  const startedAt = performance.now()
  const port = readPort()
  const overrides = readOverrides()
  const other = claimData(CLAIMED, port)
  if (other !== null) {
    throw new Failure(
      `Tombola is already running here: http://localhost:${other.port} (process ${other.pid}). Stop it first, with Ctrl-C.`,
    )
  }
  if (await isTaken(port)) {
    const free = port < 65_535 ? port + 1 : DEFAULT_PORT
    throw new Failure(
      `Port ${port} is taken by another program. Stop that program, or choose another port: PORT=${free} npm start`,
    )
  }
  if (existsSync(EARLIER_OBJECTS)) {
    throw new Failure(
      'The local data is of an earlier version, whose raffles this one cannot find. Delete it: rm -r .wrangler/state',
    )
  }
  console.log('Tombola is starting …')
  await wrangler('d1', 'migrations', 'apply', 'DB', '--local')
  await wrangler('d1', 'migrations', 'apply', 'SEARCH', '--local')
  const demoDrawnAt = existsSync(SEEDED) ? 0 : await seedOnce()
  const { origin } = await startWorker(port, overrides, showLine, reportDeath)
  const ticking = keepTicking(origin, demoDrawnAt)
  console.log(banner(origin, (performance.now() - startedAt) / 1000, settingsProblems(overrides)))
  await ticking
}

function showLine(line: string): void {
  const shown = isEnding ? undefined : readableLine(line)
  if (shown !== undefined) console.log(shown)
}

function reportDeath(code: number): void {
  if (isEnding) return
  console.error(
    `\nThe worker has stopped unexpectedly (wrangler ended with code ${code}). Start it again: npm start`,
  )
  shutDown(1)
}

// ——— Port and settings ———

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

/** The settings that the shell's environment overrides. Throws a Failure if one is invalid. */
function readOverrides(): Record<string, string> {
  const names = Object.keys(SettingsSchema.shape)
  const overrides = names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))
  const settings = Object.fromEntries(overrides)
  // Invalid values are an error here. Values that only production refuses are reported by the worker.
  const result = readSettings({
    ...settings,
    ENVIRONMENT: settings.ENVIRONMENT === 'production' ? undefined : settings.ENVIRONMENT,
  })
  if (!result.ok)
    throw new Failure(`These settings in your shell are invalid:\n  ${result.problems.join('\n  ')}`)
  return settings
}

/** The problems with the settings that make the worker refuse every request. */
function settingsProblems(overrides: Record<string, string>): string[] {
  const result = readSettings(overrides)
  return result.ok ? [] : result.problems
}

/** Whether another program listens on the port, or this process cannot listen on it. */
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
      `${tail(lines)}\n\nwrangler ${args.slice(0, 3).join(' ')} failed. See its output above.`,
    )
  }
}

interface RunningWorker {
  origin: string
  group: ProcessGroup
}

/** Starts the worker and waits until it answers. After that `onLine` gets its log, and `onDeath` its exit code. */
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
  const hasPrinted = (text: string) => before.some((line) => line.includes(text))
  const failure = (reason: string) => new Failure(`${tail(before)}\n\n${reason}`)
  const deadline = Date.now() + ANSWER_TIMEOUT_MS
  // An answer alone could come from another program that has taken the port meanwhile.
  while (!(hasPrinted('Ready on') && (await answers(origin)))) {
    if (hasPrinted('Build failed')) throw failure('The worker does not compile. See the reason above.')
    if (hasEnded) throw failure('Wrangler ended before the worker was ready. See its output above.')
    if (Date.now() > deadline) throw failure('The worker did not answer within a minute.')
    await pause(POLL_MS)
  }
  isReady = true
  return { origin, group }
}

/** Whether the worker answers, with any status. */
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

/** The last lines of a command's output, to show why it failed. */
function tail(lines: string[]): string {
  return lines
    .map((line) => readableLine(line))
    .filter((line) => line !== undefined)
    .slice(-40)
    .join('\n')
}

// ——— The demo ———

/**
 * Makes the demo through the API of a worker on another port, with the settings of wrangler.toml. The real worker starts
 * afterwards, so that the demo is complete once it answers. Returns when the demo's first draws are due (ms).
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
    if (isEnding) throw error
    console.error(
      `${error instanceof Error ? error.message : error}\nTombola starts without the demo. The next start tries again.`,
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
 * Calls the cron handler now and at the start of every minute, one call at a time, as production does. It makes one more
 * call at `demoDrawnAt` (ms), so that the first winners appear at once.
 */
async function keepTicking(origin: string, demoDrawnAt: number): Promise<void> {
  let isFailing = false
  while (!isEnding) {
    const failure = await tick(origin)
    if (failure !== undefined && !isFailing && !isEnding)
      console.error(`The minute's sweep failed: ${failure}`)
    isFailing = failure !== undefined
    const now = Date.now()
    const minute = now + TICK_MS - (now % TICK_MS)
    await pause((now < demoDrawnAt ? Math.min(demoDrawnAt, minute) : minute) - now)
  }
}

/** Runs the sweep once. Returns the reason if it failed. */
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

function stopOnSignals(self: NodeJS.Process): void {
  // npm forwards signals, so that one Ctrl-C may arrive twice. Only the first one counts.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) self.on(signal, () => shutDown(0, signal))
  // The reader of our output has ended.
  for (const stream of [self.stdout, self.stderr]) stream.on('error', () => shutDown(0))
  // A killed npm forwards no signal. A changed parent process shows that it has ended.
  const parent = self.ppid
  if (self.env.npm_lifecycle_event !== undefined) {
    setInterval(() => self.ppid === parent || shutDown(0, 'npm has ended'), PARENT_CHECK_MS).unref()
  }
}

async function shutDown(code: 0 | 1, cause?: string): Promise<void> {
  if (isEnding) return
  isEnding = true
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
