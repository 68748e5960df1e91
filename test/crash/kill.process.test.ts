// The process killed in the middle of a rush, again and again, and started on the same data: every ticket that
// anybody was told of is there, and none is there twice.

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
/** Purchases that are acknowledged between two kills. */
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
  await kill()
  rmSync(folder, { recursive: true, force: true })
})

/** Starts the worker on the test's data; on what is there, if it ran before. */
async function start(setUp: HostOptions['setUp'] = null): Promise<void> {
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

/** The whole group at once and without a word: nothing in it can finish what it was doing. */
async function kill(): Promise<void> {
  const child = worker?.process
  worker = undefined
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  process.kill(-child.pid, 'SIGKILL')
  await gone
}

interface Person {
  id: string
  sessionId: string
  token: string
}

async function person(): Promise<Person> {
  const [id, sessionId] = [newId('user'), newId('session')]
  const terms = { secret: DEVELOPMENT_SECRETS.JWT_SECRET, now: Date.now() }
  return { id, sessionId, token: await signAccessToken({ userId: id, sessionId }, terms, 3_600) }
}

/** An operator as the database has one. */
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
  // biome-ignore lint/suspicious/noExplicitAny: each use says what it expects of it
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

interface Wish {
  buyer: Person
  key: string
  quantity: number
}

const buy = (raffleId: string, { buyer, key, quantity }: Wish): Promise<Answer> =>
  call('POST', '/tickets/purchase', buyer.token, { raffleId, quantity }, key)

const numbersOf = ({ body }: Answer): number[] => body.tickets.map(({ number }: { number: number }) => number)

it('a process killed under load loses no acknowledged ticket and doubles none', async () => {
  const operator = await person()
  await start(operatorRows(operator))
  const raffle = await publishRaffle(operator)
  const crowd = await Promise.all(Array.from({ length: BUYERS }, person))

  /** What each purchase was told; a purchase that was told nothing waits here to be asked for again. */
  const acknowledged = new Map<Wish, number[]>()
  let unanswered: Wish[] = []
  let cut = 0
  for (let life = 0; life < KILLS; life++) {
    const goal = acknowledged.size + PURCHASES_A_LIFE
    const again = unanswered
    unanswered = []
    // Every buyer buys on until the worker dies in the middle of it.
    const rush = crowd.map(async (buyer) => {
      for (;;) {
        const wish = again.pop() ?? { buyer, key: crypto.randomUUID(), quantity: 1 + (acknowledged.size % 3) }
        const wasUp = worker !== undefined
        try {
          const answer = await buy(raffle, wish)
          expect(answer.status, JSON.stringify(answer.body)).toBe(201)
          acknowledged.set(wish, numbersOf(answer))
        } catch (error) {
          // `fetch` fails with a TypeError where the connection does.
          if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error
          unanswered.push(wish)
          if (wasUp) cut++
          return
        }
        if (acknowledged.size === goal) void kill()
      }
    })
    await Promise.all(rush)
    unanswered.push(...again)
    await start()
  }
  // Each of those deaths met purchases that were under way.
  expect(cut).toBeGreaterThanOrEqual(KILLS)
  for (const wish of unanswered) {
    const answer = await buy(raffle, wish)
    expect(answer.status).toBe(201)
    acknowledged.set(wish, numbersOf(answer))
  }

  const told = [...acknowledged.values()].flat()
  expect(new Set(told).size, 'no number twice').toBe(told.length)
  await caughtUp(raffle, operator, told.length)
  for (const buyer of crowd) {
    const mine = [...acknowledged].filter(([wish]) => wish.buyer === buyer).flatMap(([, numbers]) => numbers)
    expect(await listed(buyer), 'what the database lists').toEqual(ascending(mine))
  }
  // Asked again, the pool itself gives each purchase the numbers that it gave before.
  const repeats = await Promise.all([...acknowledged.keys()].map((wish) => buy(raffle, wish)))
  expect(repeats.map(numbersOf)).toEqual([...acknowledged.values()])
  const { body } = await call('GET', `/raffles/${raffle}/availability`, operator.token)
  expect(body).toEqual({
    total: TOTAL_TICKETS,
    sold: told.length,
    held: 0,
    available: TOTAL_TICKETS - told.length,
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

/** Waits until the database has heard of everything that the pool sold. */
async function caughtUp(raffle: string, { token }: Person, sold: number): Promise<void> {
  const deadline = Date.now() + CATCH_UP_MS
  for (;;) {
    const { body } = await call('GET', `/raffles/${raffle}/availability`, token)
    if (body.sold === sold) return
    expect(Date.now(), `the database says ${body.sold} of ${sold}`).toBeLessThan(deadline)
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
