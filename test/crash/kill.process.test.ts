// Kills the worker's process repeatedly while buyers purchase, and restarts it on the same data: every acknowledged ticket
// must exist exactly once.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startWrangler } from '../../scripts/wrangler.ts'
import { signAccessToken } from '../../src/accounts/token.ts'
import { newId } from '../../src/core/ids.ts'
import { DEVELOPMENT_SECRETS } from '../../src/core/settings.ts'
import { DAY_MS } from '../../src/core/time.ts'
import type { HostOptions } from './kill-fixture.ts'

const BUYERS = 24
const KILLS = 3
/** Acknowledged purchases between two kills. */
const PURCHASES_A_LIFE = 150
const TOTAL_TICKETS = 100_000
const CATCH_UP_MS = 20_000

const folder = mkdtempSync(join(tmpdir(), 'tombola-kill-'))
const script = join(folder, 'built/index.js')
let worker: { origin: string; process: ChildProcess } | undefined

beforeAll(async () => {
  const lines: string[] = []
  const build = startWrangler(['deploy', '--dry-run', '--outdir', join(folder, 'built')], (line) =>
    lines.push(line),
  )
  expect(await build.ended, lines.join('\n')).toBe(0)
})

afterAll(async () => {
  await killWorker()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the worker on the test's data folder, which keeps the data of earlier runs. */
async function startWorker(setUp: HostOptions['setUp'] = null): Promise<void> {
  const options: HostOptions = { script, folder: join(folder, 'data'), setUp }
  const fixture = join(import.meta.dirname, 'kill-fixture.ts')
  const child = spawn(process.execPath, ['--no-warnings', fixture, JSON.stringify(options)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, WRANGLER_SEND_METRICS: 'false', CLOUDFLARE_CF_FETCH_ENABLED: 'false' },
  })
  worker = { origin: '', process: child }
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]) => String(first)),
    once(child, 'exit').then(() => undefined),
  ])
  if (line === undefined) throw new Error('the worker did not start')
  worker.origin = line.replace(/\/$/, '')
}

/** Kills the whole process group with a signal that it cannot handle, so that nothing in it can finish. */
async function killWorker(): Promise<void> {
  const child = worker?.process
  worker = undefined
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await exited
}

interface Person {
  id: string
  sessionId: string
  token: string
}

async function newPerson(): Promise<Person> {
  const [id, sessionId] = [newId('user'), newId('session')]
  const terms = { secret: DEVELOPMENT_SECRETS.JWT_SECRET, now: Date.now() }
  return {
    id,
    sessionId,
    token: await signAccessToken(
      { userId: id, sessionId, isProved: false, staffOf: [], revision: 1 },
      terms,
      3_600,
    ),
  }
}

/** Statements that insert an operator into the database. */
function operatorRows({ id, sessionId }: Person): NonNullable<HostOptions['setUp']> {
  const now = Date.now()
  const organisation = newId('organisation')
  return [
    {
      sql: 'INSERT INTO users (id, email, name, password_hash, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)',
      values: [id, 'operator@example.com', 'Otieno Operator', 'none', now, now],
    },
    {
      sql: `INSERT INTO sessions (id, user_id, family_hash, refresh_hash, created_at, refreshed_at, expires_at)
            VALUES (?, ?, ?, ?, ?, ?, ?)`,
      values: [sessionId, id, 'family', 'refresh', now, now, now + DAY_MS],
    },
    {
      sql: 'INSERT INTO organisations (id, slug, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?)',
      values: [organisation, 'books', 'Books', now, now],
    },
    {
      sql: 'INSERT INTO members (organisation_id, user_id, role, created_at) VALUES (?, ?, ?, ?)',
      values: [organisation, id, 'operator', now],
    },
  ]
}

interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: each caller checks the fields that it reads
  body: any
}

async function call(
  method: string,
  path: string,
  token: string,
  body?: unknown,
  key?: string,
): Promise<Answer> {
  const response = await fetch(`${worker?.origin}/api/v1${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: body === undefined ? null : JSON.stringify(body),
  })
  return { status: response.status, body: await response.json() }
}

interface Purchase {
  buyer: Person
  key: string
  quantity: number
}

const buy = (raffleId: string, { buyer, key, quantity }: Purchase): Promise<Answer> =>
  call('POST', '/tickets/purchase', buyer.token, { raffleId, quantity }, key)

const numbersOf = ({ body }: Answer): number[] => body.tickets.map(({ number }: { number: number }) => number)

it('a worker killed under load loses and duplicates no acknowledged ticket', async () => {
  const operator = await newPerson()
  await startWorker(operatorRows(operator))
  const raffle = await publishRaffle(operator)
  const crowd = await Promise.all(Array.from({ length: BUYERS }, newPerson))

  /** The numbers of each acknowledged purchase. Purchases without a response are in `unanswered`, to be retried. */
  const acknowledged = new Map<Purchase, number[]>()
  let unanswered: Purchase[] = []
  let cut = 0
  for (let life = 0; life < KILLS; life++) {
    const goal = acknowledged.size + PURCHASES_A_LIFE
    const retries = unanswered
    unanswered = []
    // Every buyer keeps buying until the worker dies.
    const rush = crowd.map(async (buyer) => {
      for (;;) {
        const purchase = retries.pop() ?? {
          buyer,
          key: crypto.randomUUID(),
          quantity: 1 + (acknowledged.size % 3),
        }
        const wasUp = worker !== undefined
        try {
          const answer = await buy(raffle, purchase)
          expect(answer.status, JSON.stringify(answer.body)).toBe(201)
          acknowledged.set(purchase, numbersOf(answer))
        } catch (error) {
          // `fetch` throws a TypeError if the connection fails.
          if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error
          unanswered.push(purchase)
          if (wasUp) cut++
          return
        }
        if (acknowledged.size === goal) void killWorker()
      }
    })
    await Promise.all(rush)
    unanswered.push(...retries)
    await startWorker()
  }
  // Each kill interrupted some purchases.
  expect(cut).toBeGreaterThanOrEqual(KILLS)
  for (const purchase of unanswered) {
    const answer = await buy(raffle, purchase)
    expect(answer.status).toBe(201)
    acknowledged.set(purchase, numbersOf(answer))
  }

  const sold = [...acknowledged.values()].flat()
  expect(new Set(sold).size, 'no number twice').toBe(sold.length)
  await waitForProjection(raffle, operator, sold.length)
  for (const buyer of crowd) {
    const mine = [...acknowledged]
      .filter(([purchase]) => purchase.buyer === buyer)
      .flatMap(([, numbers]) => numbers)
    expect(await listed(buyer), 'the numbers in the database').toEqual(ascending(mine))
  }
  // Repeated with its key, each purchase gets the same numbers from the pool.
  const repeats = await Promise.all([...acknowledged.keys()].map((purchase) => buy(raffle, purchase)))
  expect(repeats.map(numbersOf)).toEqual([...acknowledged.values()])
  const { body } = await call('GET', `/raffles/${raffle}/availability`, operator.token)
  expect(body).toEqual({
    total: TOTAL_TICKETS,
    sold: sold.length,
    held: 0,
    available: TOTAL_TICKETS - sold.length,
  })
})

async function publishRaffle({ token }: Person): Promise<string> {
  const at = (ms: number) => new Date(Date.now() + ms).toISOString()
  const made = await call('POST', '/raffles', token, {
    title: 'A rush',
    ticketPrice: { amount: 0, currency: 'KES' },
    totalTickets: TOTAL_TICKETS,
    maxPerUser: null,
    numbering: 'random',
    opensAt: at(-60_000),
    closesAt: at(DAY_MS),
    drawAt: at(2 * DAY_MS),
    prizes: [{ title: 'A bicycle', quantity: 1 }],
    winPolicy: 'perTicket',
  })
  const published = await call('POST', `/raffles/${made.body.id}/publish`, token)
  expect(published.body).toMatchObject({ status: 'open' })
  return made.body.id
}

/** Waits until the database has every ticket that the pool sold. */
async function waitForProjection(raffle: string, { token }: Person, sold: number): Promise<void> {
  const deadline = Date.now() + CATCH_UP_MS
  for (;;) {
    const { body } = await call('GET', `/raffles/${raffle}/availability`, token)
    if (body.sold === sold) return
    expect(Date.now(), `the database has ${body.sold} of ${sold} tickets`).toBeLessThan(deadline)
    await new Promise((resume) => setTimeout(resume, 100))
  }
}

async function listed({ token }: Person): Promise<number[]> {
  const numbers: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Answer = await call('GET', `/tickets?limit=100${cursor && `&cursor=${cursor}`}`, token)
    for (const { tickets } of page.body.data) {
      numbers.push(...tickets.map(({ number }: { number: number }) => number))
    }
    cursor = page.body.nextCursor
  }
  return ascending(numbers)
}

const ascending = (numbers: number[]): number[] => numbers.toSorted((a, b) => a - b)
