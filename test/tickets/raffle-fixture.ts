/** Raffles that are on sale, buyers with tokens, and ways into a raffle's pool, for tests inside workerd. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, vi } from 'vitest'
import { signAccessToken } from '../../src/accounts/token.ts'
import { newId } from '../../src/core/ids.ts'
import { DAY_MS } from '../../src/core/time.ts'
import { askPool } from '../../src/tickets/client.ts'
import type { PoolObject } from '../../src/tickets/object/pool-object.ts'
import type { PoolState, Reservation, ReserveOutcome } from '../../src/tickets/pool-contract.ts'
import { poolNameOf, reservationAddress, reservationId } from '../../src/tickets/reservation-id.ts'
import { type Answer, call } from '../harness/client.ts'
import { organisationWithOperator, testContext, testSettings } from '../harness/people.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
/** How long sales of a test's raffle last, and how long an unpaid reservation. */
export const SALES_MS = 180 * MINUTE_MS
export const HOLD_MS = 10 * MINUTE_MS

/** Far ahead of the real clock, so that no alarm rings by itself: each one rings when the test says so. */
const SOME_DAY = Date.parse('2031-05-01T09:00:00.000Z')

/** Stops the clock; from then on it moves by `wait` alone. */
export function stopClock(): void {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.setSystemTime(SOME_DAY)
}

export const wait = (ms: number) => vi.setSystemTime(Date.now() + ms)

export interface OnSale {
  id: string
  pool: string
  closesAt: number
  freezeAt: number
  operator: string
}

/** Makes and publishes a raffle by its doors; on sale from now on for an hour. */
export async function raffleOnSale(fields: Record<string, unknown> = {}): Promise<OnSale> {
  const { operator } = await organisationWithOperator()
  const { token } = operator
  const closesAt = Date.now() + SALES_MS
  const body = {
    title: 'A raffle',
    ticketPrice: { amount: 0, currency: 'KES' },
    totalTickets: 100,
    maxPerUser: null,
    numbering: 'random',
    opensAt: new Date(Date.now() - MINUTE_MS).toISOString(),
    closesAt: new Date(closesAt).toISOString(),
    drawAt: new Date(closesAt + DAY_MS).toISOString(),
    prizes: [{ title: 'A bicycle', quantity: 1 }],
    winPolicy: 'perTicket',
    ...fields,
  }
  const made = await call('POST', '/api/v1/raffles', { token, body })
  expect(made.body).toMatchObject({ status: 'draft' })
  const published = await call('POST', `/api/v1/raffles/${made.body.id}/publish`, { token })
  expect(published.body).toMatchObject({ status: 'open' })
  const { id, freezeAt } = published.body
  return { id, pool: poolNameOf(id), closesAt, freezeAt: Date.parse(freezeAt), operator: operator.id }
}

export const PRICED = { ticketPrice: { amount: 500, currency: 'KES' }, providers: ['sandbox'] }

export interface Buyer {
  id: string
  token: string
}

/** Somebody with an access token; a purchase asks for nothing more. */
export async function aBuyer(): Promise<Buyer> {
  const id = newId('user')
  return { id, token: await tokenOf(id) }
}

export const buyers = (count: number): Promise<Buyer[]> =>
  Promise.all(Array.from({ length: count }, () => aBuyer()))

async function tokenOf(userId: string): Promise<string> {
  const terms = { secret: testSettings().JWT_SECRET, now: Date.now() }
  return signAccessToken({ userId, sessionId: newId('session') }, terms, DAY_MS / SECOND_MS)
}

let keys = 0
export const aKey = (): string => `key-${++keys}`

/** Buys by the door. */
export const buy = (
  raffle: OnSale,
  buyer: Buyer,
  what: { quantity: number } | { numbers: number[] },
  key = aKey(),
): Promise<Answer> =>
  call('POST', '/api/v1/tickets/purchase', {
    token: buyer.token,
    headers: { 'idempotency-key': key },
    body: { raffleId: raffle.id, ...what },
  })

export const numbersOf = (answer: Answer): number[] =>
  answer.body.tickets.map((ticket: { number: number }) => ticket.number)

/** Holds numbers of a priced raffle, as placing an order does. */
export const hold = (
  raffle: OnSale,
  holder: string,
  quantity: number,
  numbers: number[] | null = null,
  key = aKey(),
): Promise<ReserveOutcome> =>
  askPool(testContext(), raffle.pool, (pool) =>
    pool.reserve({
      itemId: raffle.id,
      holder,
      key,
      request: `${quantity}:${numbers}`,
      quantity,
      numbers,
      payment: { holdMs: HOLD_MS, provider: 'sandbox' },
    }),
  )

/** A hold that must succeed. */
export async function held(
  raffle: OnSale,
  holder: string,
  quantity: number,
  numbers: number[] | null = null,
): Promise<Reservation> {
  const outcome = await hold(raffle, holder, quantity, numbers)
  if (!outcome.ok) throw new Error(outcome.detail)
  return outcome.reservation
}

export const confirm = ({ id }: { id: string }) => {
  const { pool, seq } = reservationAddress(id)
  return askPool(testContext(), pool, (door) => door.confirm(seq, id))
}

export const release = ({ id }: { id: string }) => {
  const { pool, seq } = reservationAddress(id)
  return askPool(testContext(), pool, (door) => door.release(seq, id))
}

export const voidTickets = ({ id }: { id: string }, numbers: number[] | null = null) => {
  const { pool, seq } = reservationAddress(id)
  return askPool(testContext(), pool, (door) => door.void(seq, id, numbers))
}

export const found = async ({ id }: { id: string }): Promise<Reservation> => {
  const { pool, seq } = reservationAddress(id)
  const answer = await askPool(testContext(), pool, (door) => door.reservation(seq, id))
  return answer!.reservation
}

export const stateOf = async (raffle: OnSale): Promise<PoolState> =>
  (await askPool(testContext(), raffle.pool, (pool) => pool.state()))!

export const stubOf = (raffle: OnSale) => env.TICKET_POOL.getByName(raffle.pool)

/** Lets the pool's alarm ring now, however early or late that is; tells whether one was set. */
export const ring = (raffle: OnSale): Promise<boolean> => runDurableObjectAlarm(stubOf(raffle))

/** Takes the pool's memory away, as a deploy or an idle minute does. */
export const evict = (raffle: OnSale): Promise<void> => evictDurableObject(stubOf(raffle))

/** Does something inside a raffle's object. */
export const inside = <Result>(
  raffle: OnSale,
  work: (pool: PoolObject, state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> => runInDurableObject(stubOf(raffle) as unknown as DurableObjectStub<PoolObject>, work)

/** Every reservation as the pool has it, by id. */
export async function allInPool(raffle: OnSale): Promise<Map<string, Reservation>> {
  return inside(raffle, async (pool, { storage }) => {
    const rows = storage.sql.exec<{ seq: number; at: number }>('SELECT seq, at FROM reservations').toArray()
    const all = new Map<string, Reservation>()
    for (const { seq, at } of rows) {
      const id = reservationId(raffle.pool, seq, at)
      all.set(id, (await pool.reservation(seq, id))!.reservation)
    }
    return all
  })
}

/** That D1 says of a raffle exactly what its pool says. */
export async function expectProjected(raffle: OnSale): Promise<void> {
  const state = await stateOf(raffle)
  const row = await env.DB.prepare('SELECT * FROM pools WHERE pool = ?')
    .bind(raffle.pool)
    .first<Record<string, unknown>>()
  expect(row).toEqual({
    pool: state.pool,
    raffle_id: state.itemId,
    seq: state.seq,
    terms_version: state.termsVersion,
    terms: JSON.stringify(state.terms),
    total: state.total,
    sold: state.sold,
    held: state.held,
    closed_at: state.closedAt,
    close_reason: state.closeReason,
    freeze_at: state.freezeAt ?? 0,
    effective_draw_at: state.effectiveDrawAt ?? 0,
    log_size: state.logSize,
    log_root: state.logRoot,
    commitment: state.commitment === null ? null : JSON.stringify(state.commitment),
    cancellation: state.cancellation === null ? null : JSON.stringify(state.cancellation),
    due_at: state.dueAt,
  })
  const { results } = await env.DB.prepare('SELECT * FROM reservations WHERE pool = ?')
    .bind(raffle.pool)
    .all<Record<string, string>>()
  const projected = new Map(results.map((each) => [each.id, each]))
  const inPool = await allInPool(raffle)
  expect(projected.size).toBe(inPool.size)
  for (const [id, { holder, state: standing, numbers, at, issuedAt, heldUntil }] of inPool) {
    expect(projected.get(id)).toMatchObject({
      holder,
      state: standing,
      numbers: JSON.stringify(numbers),
      at,
      issued_at: issuedAt,
      held_until: heldUntil,
    })
  }
}

/** That no number stands twice, none is out of range, and the sums are those of the reservations. */
export async function expectSound(raffle: OnSale): Promise<Reservation[]> {
  const { total, sold, held: unpaid, logSize } = await stateOf(raffle)
  const all = [...(await allInPool(raffle)).values()]
  const inState = (state: Reservation['state']) =>
    all.filter((each) => each.state === state).flatMap((each) => each.numbers)
  const live = [...inState('sold'), ...inState('held')]
  expect(new Set(live).size, 'no number twice').toBe(live.length)
  expect(live.every((number) => number >= 1 && number <= total)).toBe(true)
  expect({ sold, held: unpaid }).toEqual({ sold: inState('sold').length, held: inState('held').length })
  const voided = logSize - sold
  expect(voided % 2).toBe(0)
  return all
}
