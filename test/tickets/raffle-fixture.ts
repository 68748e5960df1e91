/** Raffles on sale, buyers with tokens, and access to a raffle's pool, for tests inside workerd. */

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
import { organisationWithOperator, strangerFacts, testContext, testSettings } from '../harness/people.ts'
import { ANYONE } from './entrant.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60_000
/** How long a test raffle is on sale, and how long a hold lasts. */
export const SALES_MS = 180 * MINUTE_MS
export const HOLD_MS = 10 * MINUTE_MS

/** Far ahead of the real clock, so that alarms ring only when a test calls `ring`. */
const SOME_DAY = Date.parse('2031-05-01T09:00:00.000Z')

/** Stops the clock: only `wait` moves it. */
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

/** Creates and publishes a raffle through the API; it is on sale for `SALES_MS` from now. */
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

/** Creates and publishes an event with one ticket type through the API; it is on sale for `SALES_MS` from now. */
export async function ticketTypeOnSale(fields: Record<string, unknown> = {}): Promise<OnSale> {
  const { operator } = await organisationWithOperator()
  const { token } = operator
  const closesAt = Date.now() + SALES_MS
  const event = {
    title: 'An evening',
    place: { venue: 'The hall', city: 'Kisumu', country: 'KE' },
    startsAt: new Date(closesAt - MINUTE_MS).toISOString(),
    endsAt: new Date(closesAt).toISOString(),
    providers: ['sandbox'],
  }
  const made = await call('POST', '/api/v1/events', { token, body: event })
  const path = `/api/v1/events/${made.body.id}`
  const free = { name: 'Regular', price: { amount: 0, currency: 'KES' }, capacity: 100, maxPerUser: null }
  const type = await call('POST', `${path}/ticket-types`, { token, body: { ...free, ...fields } })
  const published = await call('POST', `${path}/publish`, { token })
  expect(published.body).toMatchObject({ status: 'published', ticketTypes: [{ sale: 'open' }] })
  const { id } = type.body
  return { id, pool: poolNameOf(id), closesAt, freezeAt: Number.POSITIVE_INFINITY, operator: operator.id }
}

export const PRICED = { ticketPrice: { amount: 500, currency: 'KES' }, providers: ['sandbox'] }

export interface Buyer {
  id: string
  token: string
}

/** A person with an access token, which is all that a purchase needs. */
export async function aBuyer(): Promise<Buyer> {
  const id = newId('user')
  return { id, token: await tokenOf(id) }
}

export const buyers = (count: number): Promise<Buyer[]> =>
  Promise.all(Array.from({ length: count }, () => aBuyer()))

async function tokenOf(userId: string): Promise<string> {
  const terms = { secret: testSettings().JWT_SECRET, now: Date.now() }
  return signAccessToken(strangerFacts(userId), terms, DAY_MS / SECOND_MS)
}

let keys = 0
export const aKey = (): string => `key-${++keys}`

const itemOf = (id: string) => (id.startsWith('ttype_') ? { ticketTypeId: id } : { raffleId: id })

/** Buys through the API. */
export const buy = (
  item: OnSale,
  buyer: Buyer,
  what: { quantity: number } | { numbers: number[] },
  key = aKey(),
): Promise<Answer> =>
  call('POST', '/api/v1/tickets/purchase', {
    token: buyer.token,
    headers: { 'idempotency-key': key },
    body: { ...itemOf(item.id), ...what },
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
      entrant: ANYONE,
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
  return askPool(testContext(), pool, (stub) => stub.confirm(seq, id))
}

export const release = ({ id }: { id: string }) => {
  const { pool, seq } = reservationAddress(id)
  return askPool(testContext(), pool, (stub) => stub.release(seq, id))
}

export const voidTickets = ({ id }: { id: string }, numbers: number[] | null = null) => {
  const { pool, seq } = reservationAddress(id)
  return askPool(testContext(), pool, (stub) => stub.void(seq, id, numbers))
}

export const found = async ({ id }: { id: string }): Promise<Reservation> => {
  const { pool, seq } = reservationAddress(id)
  const answer = await askPool(testContext(), pool, (stub) => stub.reservation(seq, id))
  return answer!.reservation
}

export const stateOf = async (raffle: OnSale): Promise<PoolState> =>
  (await askPool(testContext(), raffle.pool, (pool) => pool.state()))!

export const stubOf = (raffle: OnSale) => env.TICKET_POOL.getByName(raffle.pool)

/** Rings the pool's alarm now. Returns whether one was set. */
export const ring = (raffle: OnSale): Promise<boolean> => runDurableObjectAlarm(stubOf(raffle))

/** Evicts the pool from memory, as a deploy or an idle minute does. */
export const evict = (raffle: OnSale): Promise<void> => evictDurableObject(stubOf(raffle))

/** Runs `work` inside a raffle's object. */
export const inside = <Result>(
  raffle: OnSale,
  work: (pool: PoolObject, state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> => runInDurableObject(stubOf(raffle) as unknown as DurableObjectStub<PoolObject>, work)

/** The pool's reservations by id. */
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

/** Expects D1 to have exactly the pool's state and reservations. */
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
    waiting: state.waiting,
    seat_types: state.seatTypes === null ? null : JSON.stringify(state.seatTypes),
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
  for (const [id, { holder, state: reservationState, numbers, at, issuedAt, heldUntil }] of inPool) {
    expect(projected.get(id)).toMatchObject({
      holder,
      state: reservationState,
      numbers: JSON.stringify(numbers),
      at,
      issued_at: issuedAt,
      held_until: heldUntil,
    })
  }
}

/** Expects no number twice, none out of range, and sums that match the reservations, which it returns. */
export async function expectSound(raffle: OnSale): Promise<Reservation[]> {
  const { total, sold, held: unpaid, logSize, terms } = await stateOf(raffle)
  const all = [...(await allInPool(raffle)).values()]
  const inState = (state: Reservation['state']) =>
    all.filter((each) => each.state === state).flatMap((each) => each.numbers)
  const live = [...inState('sold'), ...inState('held')]
  expect(new Set(live).size, 'no number twice').toBe(live.length)
  expect(live.every((number) => number >= 1 && number <= total)).toBe(true)
  expect({ sold, held: unpaid }).toEqual({ sold: inState('sold').length, held: inState('held').length })
  // Each void adds an entry to a raffle's log too. A ticket type has no log.
  if (terms.kind === 'raffle') expect((logSize - sold) % 2).toBe(0)
  else expect(logSize).toBe(0)
  return all
}
