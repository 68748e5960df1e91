// The audit: checks the invariants between orders, ledger, pools, prizes, stock, grants, mails and provider.
import type { Bindings } from '../../src/core/context.ts'
import { askPool } from '../../src/tickets/client.ts'
import type { Reservation } from '../../src/tickets/pool-contract.ts'
import { poolNameOf, reservationAddress } from '../../src/tickets/reservation-id.ts'
import { testContext } from '../harness/people.ts'
import { DOOR_ALWAYS, GIFTS_ALWAYS, GIFTS_SETTLED } from './admission-rules.ts'
import { auditEvents, EVENT_SCOPE, EVENTS_ALWAYS, EVENTS_SETTLED } from './event-invariants.ts'
import { ALWAYS, SCOPE, SETTLED } from './invariant-rules.ts'
import { PRIZE_SCOPE, PRIZES_ALWAYS } from './prize-invariants.ts'

export interface AuditOptions {
  /** Every deadline has passed and sweeps have run: nothing may be left to do. */
  settled: boolean
  /** Checks only these raffles, ticket types and products. Default: everything. */
  raffles?: string[]
  /** Units ever put into stock, by product: equal to the sum of units in stock, held and sold. */
  stock?: ReadonlyMap<string, number>
  /** Ids of the mails that a provider accepted. Default: those of the development mailer. */
  mailed?: ReadonlySet<string>
  /** References of orders whose entries were revoked for a shop. */
  takenBack?: ReadonlySet<string>
}

const RULES_A_QUERY = 5

/** Returns a sentence for each violation. */
export async function audit(
  env: Pick<Bindings, 'DB' | 'TICKET_POOL'>,
  options: AuditOptions,
): Promise<string[]> {
  const { DB } = env
  const scope = options.raffles === undefined ? null : JSON.stringify(options.raffles)
  const now = Date.now()
  const queries = [
    ...queriesOf(SCOPE, options.settled ? [...ALWAYS, ...SETTLED] : ALWAYS),
    ...queriesOf(SCOPE + PRIZE_SCOPE, PRIZES_ALWAYS),
    ...queriesOf(SCOPE + EVENT_SCOPE, [
      ...[...EVENTS_ALWAYS, ...DOOR_ALWAYS, ...GIFTS_ALWAYS],
      ...(options.settled ? [...EVENTS_SETTLED, ...GIFTS_SETTLED] : []),
    ]),
  ]
  const answers = await DB.batch<Record<string, string>>(
    queries.map((query) => DB.prepare(query).bind(scope, now)),
  )
  const wrong = answers.flatMap(({ results }) => results.map((row) => String(Object.values(row)[0])))
  wrong.push(...(await checkTakenBack(env, options.takenBack)))
  const [sales, shelves, sent] = (await DB.batch(
    [POOLS, SHELVES, SENT].map((query) => DB.prepare(`${SCOPE} ${query}`).bind(scope, now)),
  )) as [D1Result<{ id: string }>, D1Result<Shelf>, D1Result<{ id: string; isKept: number }>]
  for (const { id } of sales.results) wrong.push(...(await auditPool(env, id, { ...options, now })))
  wrong.push(...(await auditEvents(env, SCOPE, { ids: scope, now, settled: options.settled })))
  for (const shelf of shelves.results) wrong.push(...checkShelf(shelf, options.stock?.get(shelf.id)))
  for (const { id, isKept } of sent.results) {
    if (options.mailed === undefined ? isKept === 0 : !options.mailed.has(id))
      wrong.push(`mail ${id} is marked as sent, but no provider received it`)
  }
  return wrong
}

/** Rules in one query share its scope. D1 refuses a query of many more. */
function queriesOf(scope: string, rules: readonly string[]): string[] {
  const queries: string[] = []
  for (let first = 0; first < rules.length; first += RULES_A_QUERY) {
    queries.push(`${scope} ${rules.slice(first, first + RULES_A_QUERY).join(' UNION ALL ')}`)
  }
  return queries
}

/** Without free raffles that are open to anybody: neither orders nor grants pay for their tickets. */
const POOLS = `SELECT id FROM raffles JOIN pools ON raffle_id = id
  WHERE id IN raffle AND (price_amount > 0 OR entry = 'order')`
const SENT = `SELECT id, EXISTS (SELECT 1 FROM dev_mails WHERE dev_mails.id = m.id) AS isKept FROM m
  WHERE sent_at IS NOT NULL`
/** Units refunded after they were sent do not return. If both happened in the same instant, they may or may not. */
const SHELVES = `SELECT id, stock,
    (SELECT coalesce(sum(count), 0) FROM (${takenBackWhen('>')}) WHERE product_id = products.id) AS away,
    (SELECT coalesce(sum(count), 0) FROM (${takenBackWhen('=')}) WHERE product_id = products.id) AS perhaps,
    (SELECT coalesce(sum(quantity), 0) FROM h WHERE product_id = products.id AND state = 'held') AS held,
    (SELECT coalesce(sum(quantity - json_array_length(returned)), 0) FROM h
      WHERE product_id = products.id AND state IN ('sold', 'returned')) AS sold
  FROM products`

interface Shelf {
  id: string
  stock: number
  held: number
  sold: number
  away: number
  perhaps: number
}

/** Refunded units by product, of refunds later than the shipment (`>`) or in the same instant (`=`). */
function takenBackWhen(comparison: '>' | '='): string {
  return `SELECT product_id, count FROM of_hold JOIN back ON back.order_id = of_hold.order_id AND back.line = of_hold.line
    JOIN order_events AS e ON e.order_id = back.order_id AND e.key = 'refund:' || back.id || ':due'
    WHERE is_owed AND e.at ${comparison} (SELECT min(at) FROM order_events AS left WHERE left.order_id = back.order_id
      AND left.key IN ('fulfilment:' || back.line || ':shipped', 'fulfilment:' || back.line || ':delivered'))`
}

function checkShelf({ id, stock, held, sold, away, perhaps }: Shelf, putIn: number | undefined): string[] {
  if (putIn === undefined) return []
  const gone = putIn - stock - held - sold
  if (gone >= away && gone <= away + perhaps) return []
  const sent = away + perhaps === 0 ? '' : `, ${away} to ${away + perhaps} sent and refunded`
  return [`product ${id} has ${stock} in stock, ${held} held and ${sold} sold${sent} of ${putIn}`]
}

interface ReservationRow {
  id: string
  state: Reservation['state']
  numbers: string
}

interface Line {
  orderId: string
  line: number
  state: string
  quantity: number
  reservationId: string
  status: string
  claimed: number
  settled: number
  /** Tickets of refunds that are final, and of requested ones: numbers as JSON. */
  back: string
  going: string
}

const LINES = `
  SELECT l.order_id AS orderId, l.line, l.state, l.quantity, l.reservation_id AS reservationId, o.status,
    o.receipt IS NOT NULL AS claimed, o.settled_at IS NOT NULL AS settled,
    (${numbersOf(`f.status NOT IN ('requested', 'refused')`)}) AS back,
    (${numbersOf(`f.status = 'requested'`)}) AS going
  FROM order_lines AS l JOIN orders AS o ON o.id = l.order_id WHERE l.item_id = ?`

async function checkTakenBack(
  { DB }: Pick<Bindings, 'DB'>,
  takenBack: ReadonlySet<string> = new Set(),
): Promise<string[]> {
  const query = `SELECT order_ref AS orderRef, status FROM grants WHERE status NOT IN ('revoked', 'refused')
    AND order_ref IN (SELECT value FROM json_each(?))`
  const { results } = await DB.prepare(query)
    .bind(JSON.stringify([...takenBack]))
    .all<{ orderRef: string; status: string }>()
  return results.map(({ orderRef, status }) => `${orderRef} was revoked, but its grant is ${status}`)
}

interface Granted {
  orderRef: string
  reservationId: string | null
  entries: number
  status: string
}

const GRANTS = `SELECT order_ref AS orderRef, reservation_id AS reservationId, entries, status FROM grants
  WHERE raffle_id = ?`

function numbersOf(which: string): string {
  return `SELECT json_group_array(n.value) FROM refunds AS f, json_each(f.lines) AS part,
    json_each(part.value, '$.numbers') AS n
    WHERE f.order_id = l.order_id AND json_extract(part.value, '$.line') = l.line AND ${which}`
}

async function auditPool(
  env: Pick<Bindings, 'DB' | 'TICKET_POOL'>,
  raffleId: string,
  { settled, now }: { settled: boolean; now: number },
): Promise<string[]> {
  const ctx = { ...testContext(), env: { ...testContext().env, ...env } }
  const pool = poolNameOf(raffleId)
  // A pool may gather its changes for a moment before D1 gets them.
  await askPool(ctx, pool, (stub) => stub.catchUp())
  const state = (await askPool(ctx, pool, (stub) => stub.state()))!
  const [rows, lines, grants, counts] = (await env.DB.batch([
    env.DB.prepare('SELECT id, state, numbers FROM reservations WHERE pool = ? ORDER BY id').bind(pool),
    env.DB.prepare(LINES).bind(raffleId),
    env.DB.prepare(GRANTS).bind(raffleId),
    env.DB.prepare('SELECT sold, held, seq FROM pools WHERE pool = ?').bind(pool),
  ])) as [
    D1Result<ReservationRow>,
    D1Result<Line>,
    D1Result<Granted>,
    D1Result<{ sold: number; held: number; seq: number }>,
  ]
  const wrong: string[] = []
  const row = counts.results[0]!
  if (row.sold !== state.sold || row.held !== state.held || row.seq !== state.seq) {
    wrong.push(
      `pool ${pool} has sold ${state.sold} and holds ${state.held}, but D1 has ${row.sold} and ${row.held}`,
    )
  }
  const inPool = await Promise.all(
    rows.results.map(({ id }) =>
      askPool(ctx, pool, (stub) => stub.reservation(reservationAddress(id).seq, id)).then(
        (found) => found?.reservation,
      ),
    ),
  )
  const byId = new Map<string, Reservation>()
  inPool.forEach((reservation, index) => {
    const { id, state: stateInD1, numbers } = rows.results[index]!
    if (reservation === undefined) wrong.push(`reservation ${id} is in D1, but not in its pool`)
    else if (reservation.state !== stateInD1 || JSON.stringify(reservation.numbers) !== numbers) {
      wrong.push(`reservation ${id} is ${reservation.state} in its pool and ${stateInD1} in D1`)
    }
    if (reservation !== undefined) byId.set(id, reservation)
  })
  wrong.push(...checkNumbers(byId, state))
  const isCancelled = state.cancellation !== null
  for (const line of lines.results)
    wrong.push(...checkLine(line, byId.get(line.reservationId), { settled, isCancelled }))
  if (grants.results.length > 0) {
    return [...wrong, ...(settled ? checkEntries(grants.results, byId, isCancelled) : [])]
  }
  const paying = new Map(lines.results.map((line) => [line.reservationId, line]))
  for (const reservation of byId.values()) {
    wrong.push(...checkReservation(reservation, paying.get(reservation.id), { settled, now }))
  }
  return wrong
}

/** Each number belongs to one reservation, and the pool's counts are right. */
function checkNumbers(
  byId: Map<string, Reservation>,
  { sold, held }: { sold: number; held: number },
): string[] {
  const wrong: string[] = []
  const owners = new Map<number, string>()
  const counts = { sold: 0, held: 0 }
  for (const { id, state, numbers } of byId.values()) {
    if (state !== 'sold' && state !== 'held') continue
    counts[state] += numbers.length
    for (const number of numbers) {
      const other = owners.get(number)
      if (other !== undefined) wrong.push(`number ${number} is in ${other} and in ${id}`)
      owners.set(number, id)
    }
  }
  if (counts.sold !== sold || counts.held !== held) {
    wrong.push(
      `a pool counts ${sold} sold and ${held} held, but its reservations make ${counts.sold} and ${counts.held}`,
    )
  }
  return wrong
}

/** Each issued line has its tickets, and no other line has any. */
function checkLine(
  line: Line,
  reservation: Reservation | undefined,
  { settled, isCancelled }: { settled: boolean; isCancelled: boolean },
): string[] {
  const name = `line ${line.line} of order ${line.orderId}`
  if (reservation === undefined) return [`${name} has no reservation in D1`]
  const { state, numbers } = reservation
  const isSold = state === 'sold' || state === 'voided'
  if (line.state !== 'issued' && line.state !== 'refunded') {
    // The pool confirms before D1 records it. In between, a line with a receipt may already be sold.
    const mayBeSold = !settled && line.claimed === 1 && line.settled === 0
    return isSold && !mayBeSold ? [`${name} is ${line.state} and its reservation ${state}`] : []
  }
  if (!isSold) return [`${name} is ${line.state} and its reservation ${state}`]
  const back = new Set<number>(JSON.parse(line.back))
  const going = new Set<number>(JSON.parse(line.going))
  if (back.size !== JSON.parse(line.back).length) return [`${name}: a ticket was refunded twice`]
  if (settled && going.size > 0) return [`${name}: tickets ${[...going].join(', ')} are never refunded`]
  const present = state === 'sold' ? numbers : []
  // A cancelled raffle keeps its fixed ticket list: refunded tickets remain in it.
  const stale = isCancelled ? [] : present.filter((number) => back.has(number))
  const count = new Set([...present, ...back, ...going]).size
  const wrong: string[] = []
  if (stale.length > 0) wrong.push(`${name}: tickets ${stale.join(', ')} were refunded, but are still sold`)
  if (count !== line.quantity) {
    wrong.push(
      `${name}: ${present.length} tickets and ${back.size} refunded ones do not make ${line.quantity}`,
    )
  }
  return wrong
}

/** Each grant has its entries, and no entry lacks a grant. */
function checkEntries(grants: Granted[], byId: Map<string, Reservation>, isCancelled: boolean): string[] {
  const wrong: string[] = []
  const granted = new Map(grants.map((grant) => [grant.reservationId, grant]))
  for (const { orderRef, reservationId, entries, status } of grants) {
    const entry = reservationId === null ? undefined : byId.get(reservationId)
    if (status === 'granted' && (entry?.state !== 'sold' || entry.numbers.length !== entries))
      wrong.push(`the grant of ${orderRef} gave ${entries} entries, but its tickets are ${entry?.state}`)
    if (status === 'revoked' && entry?.state === 'sold' && !isCancelled)
      wrong.push(`the grant of ${orderRef} is revoked, but its tickets are still sold`)
  }
  for (const { id, state } of byId.values()) {
    if (state === 'sold' && granted.get(id)?.status !== 'granted')
      wrong.push(`entry ${id} is sold, but no order has earned it`)
  }
  return wrong
}

/** Each ticket is paid, and no hold blocks a number that nobody can pay for. */
function checkReservation(
  { id, state, heldUntil }: Reservation,
  line: Line | undefined,
  { settled, now }: { settled: boolean; now: number },
): string[] {
  if (state === 'sold' || state === 'voided') {
    const isPaid = line !== undefined && line.claimed === 1 && (line.settled === 1 || !settled)
    return isPaid ? [] : [`reservation ${id} is ${state}, but no order pays for it`]
  }
  // An expired hold is released when the pool is next called.
  if (!settled || state !== 'held' || heldUntil === null || heldUntil <= now) return []
  return line?.status === 'pending'
    ? []
    : [`reservation ${id} is held until ${heldUntil}, but nobody can pay for it`]
}
