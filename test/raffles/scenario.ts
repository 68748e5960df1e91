// Scenarios for raffles: a clock that the test sets, people who act at that time, and raffles created through the API.

import { createScheduledController, runDurableObjectAlarm } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import type { Bindings } from '../../src/core/context.ts'
import worker from '../../src/index.ts'
import { askPool } from '../../src/tickets/client.ts'
import type { PoolState } from '../../src/tickets/pool-contract.ts'
import { poolNameOf } from '../../src/tickets/reservation-id.ts'
import { type Answer, call, type Method } from '../harness/client.ts'
import { environment } from '../harness/environment.ts'
import {
  type Organisation,
  organisationWithOperator,
  type Person,
  registerPlayer,
  testContext,
  withUserToken,
} from '../harness/people.ts'
import { ANYONE } from '../tickets/entrant.ts'

export const SECOND = 1_000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

export const KES = (amount: number) => ({ amount, currency: 'KES' })

/** Far ahead of the machine's clock, so that no alarm fires by itself: `ringAlarm` fires it. */
export const NOW = Date.parse('2031-05-05T12:00:00.000Z')
/** The default times of a raffle: sales close in an hour, and the draw is ten minutes later. */
export const CLOSES_AT = NOW + HOUR
export const DRAW_AT = CLOSES_AT + 10 * MINUTE
/** `DRAW_LEAD_SECONDS` in development. */
export const LEAD = 5 * SECOND

const DUE_TABLES = [
  'raffles',
  'pools',
  'orders',
  'payments',
  'refunds',
  'payouts',
  'grants',
  'mails',
  'notices',
  'series',
  'suspensions',
  'ticket_types',
  'event_notices',
]

/** Every test of the file starts at NOW and moves the clock itself. Rows of earlier tests are never due. */
export function useClock(): void {
  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    vi.setSystemTime(NOW)
    await env.DB.batch([
      ...DUE_TABLES.map((table) => env.DB.prepare(`UPDATE ${table} SET due_at = NULL`)),
      env.DB.prepare('UPDATE sandbox_charges SET tell_at = NULL'),
    ])
  })
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })
}

export const at = (ms: number): void => void vi.setSystemTime(ms)
export const iso = (ms: number): string => new Date(ms).toISOString()

/** How long a token is reused; it expires after fifteen minutes. */
const TOKEN_MS = 10 * MINUTE
const tokens = new Map<string, { token: string; since: number }>()

async function tokenOf({ id }: Pick<Person, 'id'>): Promise<string> {
  const known = tokens.get(id)
  const age = Date.now() - (known?.since ?? 0)
  if (known !== undefined && age >= 0 && age < TOKEN_MS) return known.token
  const token = await withUserToken(id)
  tokens.set(id, { token, since: Date.now() })
  return token
}

/** Calls the API as `person` (null: anonymously), with a token that is valid at the test's time. */
export async function as(
  person: Pick<Person, 'id'> | null,
  method: Method,
  path: string,
  body?: unknown,
  more: { headers?: Record<string, string>; bindings?: Partial<Bindings> } = {},
): Promise<Answer> {
  const token = person === null ? undefined : await tokenOf(person)
  return call(method, `/api/v1${path}`, { token, body, ...more })
}

/** Whether buyers need time to pay before the draw. */
const isPriced = ({ ticketPrice }: Record<string, unknown>): boolean =>
  ((ticketPrice as { amount?: number } | undefined)?.amount ?? 0) > 0

/** The body of a new raffle, which is free and on sale as soon as it is published. A priced one is drawn an hour later. */
export const raffleBody = (changes: Record<string, unknown> = {}) => ({
  title: 'Signed first editions',
  ticketPrice: { amount: 0, currency: 'KES' },
  totalTickets: 20,
  numbering: 'sequential',
  opensAt: iso(NOW - HOUR),
  closesAt: iso(CLOSES_AT),
  drawAt: iso(isPriced(changes) ? CLOSES_AT + HOUR : DRAW_AT),
  prizes: [{ title: 'A book', quantity: 1 }],
  winPolicy: 'perTicket',
  ...changes,
})

export interface Staged {
  id: string
  pool: string
  organisation: Organisation
  operator: Person
}

export async function stageDraft(
  changes: Record<string, unknown> = {},
  organisation?: Organisation,
): Promise<Staged> {
  const owner = organisation ?? (await organisationWithOperator())
  const { status, body } = await as(owner.operator, 'POST', '/raffles', raffleBody(changes))
  expect(status, JSON.stringify(body)).toBe(201)
  return { id: body.id, pool: poolNameOf(body.id), organisation: owner, operator: owner.operator }
}

export async function stageRaffle(
  changes: Record<string, unknown> = {},
  organisation?: Organisation,
): Promise<Staged> {
  const staged = await stageDraft(changes, organisation)
  const { status, body } = await as(staged.operator, 'POST', `/raffles/${staged.id}/publish`)
  expect(status, JSON.stringify(body)).toBe(200)
  return staged
}

let keys = 0
export const newKey = (): string => `key-${++keys}`

/** Sends a purchase and returns the answer, success or error. */
export const buy = (
  person: Pick<Person, 'id'>,
  raffleId: string,
  what: { quantity?: number; numbers?: number[] } = { quantity: 1 },
  key = newKey(),
): Promise<Answer> =>
  as(person, 'POST', '/tickets/purchase', { raffleId, ...what }, { headers: { 'idempotency-key': key } })

/** New players with one entry each. They reserve at the pool directly and concurrently, because the API takes longer. */
export async function enter(raffleId: string, players: number): Promise<Person[]> {
  const people = await Promise.all(Array.from({ length: players }, () => registerPlayer()))
  const ctx = testContext()
  const outcomes = await Promise.all(
    people.map(({ id: holder }) =>
      askPool(ctx, poolNameOf(raffleId), (pool) =>
        pool.reserve({
          itemId: raffleId,
          holder,
          entrant: ANYONE,
          key: newKey(),
          request: '',
          quantity: 1,
          numbers: null,
          payment: null,
        }),
      ),
    ),
  )
  for (const outcome of outcomes) expect(outcome).toMatchObject({ ok: true })
  return people
}

/** Runs the cron trigger once, as the platform does. */
export const sweep = (bindings: Partial<Bindings> = {}): Promise<void> =>
  worker.scheduled(createScheduledController({ scheduledTime: Date.now() }), environment(bindings))

export const ringAlarm = (pool: string): Promise<boolean> =>
  runDurableObjectAlarm(env.TICKET_POOL.getByName(pool) as DurableObjectStub)

export const poolState = (pool: string): Promise<PoolState | null> =>
  askPool(testContext(), pool, (stub) => stub.state())

/** Makes the pool of a raffle or ticket type write to D1 what it gathered, such as holds. */
export const catchUp = (itemId: string): Promise<void> =>
  askPool(testContext(), poolNameOf(itemId), (stub) => stub.catchUp())

/** The raffle as anonymous readers see it. */
export async function read(id: string): Promise<Answer['body']> {
  const { status, body } = await as(null, 'GET', `/raffles/${id}`)
  expect(status, JSON.stringify(body)).toBe(200)
  return body
}

export async function winnersOf(id: string): Promise<Answer['body'][]> {
  const { body } = await as(null, 'GET', `/raffles/${id}/winners?limit=100`)
  return body.data
}

/** The user who won, read from the database, because the API shows no user ids. */
export async function holderOf(winnerId: string): Promise<{ id: string }> {
  const winner = env.DB.prepare('SELECT user_id AS id FROM winners WHERE id = ?').bind(winnerId)
  return (await winner.first<{ id: string }>())!
}

/** Moves past the draw: the pool's alarm commits at the freeze, then the sweep draws. */
export async function drawOnTime(staged: Staged): Promise<void> {
  at(CLOSES_AT)
  await ringAlarm(staged.pool)
  at(DRAW_AT)
  await sweep()
}

/** Every item of a list, page by page. */
export async function readAll(
  path: string,
  limit: number,
  person: Pick<Person, 'id'> | null = null,
): Promise<Answer['body'][]> {
  const items: Answer['body'][] = []
  let cursor: string | null = null
  do {
    const separator = path.includes('?') ? '&' : '?'
    const after: string = cursor === null ? '' : `&cursor=${cursor}`
    const { status, body } = await as(person, 'GET', `${path}${separator}limit=${limit}${after}`)
    expect(status, JSON.stringify(body)).toBe(200)
    expect(body.data.length).toBeLessThanOrEqual(limit)
    items.push(...body.data)
    cursor = body.nextCursor
  } while (cursor !== null)
  return items
}

const RUNS = ['first', 'all', 'run', 'raw']

/**
 * A database that runs `before` once, just before the first statement that matches: another request gets in first, or
 * (if `before` throws) the worker crashes.
 */
export function interrupted(
  pattern: RegExp,
  before: () => Promise<unknown>,
): { DB: D1Database; done: () => boolean } {
  const originals = new WeakMap<object, { statement: D1PreparedStatement; matches: boolean }>()
  let done = false
  const run = async <Result>(matches: boolean, work: () => Promise<Result>): Promise<Result> => {
    if (matches && !done) {
      done = true
      await before()
    }
    return work()
  }
  const wrap = (statement: D1PreparedStatement, matches: boolean): D1PreparedStatement => {
    const wrapped = new Proxy(statement, {
      get(target, name) {
        const method = Reflect.get(target, name)
        if (name === 'bind') return (...values: unknown[]) => wrap(target.bind(...values), matches)
        if (!RUNS.includes(String(name))) return method?.bind?.(target) ?? method
        return (...args: unknown[]) => run(matches, () => method.apply(target, args))
      },
    })
    originals.set(wrapped, { statement, matches })
    return wrapped
  }
  const DB = {
    prepare: (query: string) => wrap(env.DB.prepare(query), pattern.test(query)),
    batch: (statements: D1PreparedStatement[]) => {
      const known = statements.map((each) => originals.get(each) ?? { statement: each, matches: false })
      return run(
        known.some(({ matches }) => matches),
        () => env.DB.batch(known.map(({ statement }) => statement)),
      )
    },
  } as unknown as D1Database
  return { DB, done: () => done }
}

/** The worker crashes just before the first statement that matches. */
export const crashing = (pattern: RegExp): { DB: D1Database; done: () => boolean } =>
  interrupted(pattern, async () => {
    throw new Error('the worker crashed here')
  })
