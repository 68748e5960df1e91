// The audit: what must hold between orders, ledger, pools, prizes, stock, grants, mails and provider, whatever has happened.
import type { Bindings } from '../../src/core/context.ts'
import { askPool } from '../../src/tickets/client.ts'
import type { Reservation } from '../../src/tickets/pool-contract.ts'
import { poolNameOf, reservationAddress } from '../../src/tickets/reservation-id.ts'
import { testContext } from '../harness/people.ts'
import { ALWAYS, SCOPE, SETTLED } from './invariant-rules.ts'
import { PRIZE_SCOPE, PRIZES_ALWAYS } from './prize-invariants.ts'

export interface AuditOptions {
  /** Every clock has run out and the sweep has had its time: now nothing may be left to do either. */
  settled: boolean
  /** Only what is about these raffles and products; without, everything there is. */
  raffles?: string[]
  /** What was ever put into the stock of a product: what is in stock, held and sold adds up to it. */
  stock?: ReadonlyMap<string, number>
  /** Ids of the mails that a provider has taken; without, the development mailer is asked. */
  mailed?: ReadonlySet<string>
  /** References of orders of which a shop was told that their entries are taken back. */
  takenBack?: ReadonlySet<string>
}

const RULES_A_QUERY = 5

/** What is wrong, a sentence each; nothing: all is well. */
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
  for (const shelf of shelves.results) wrong.push(...checkShelf(shelf, options.stock?.get(shelf.id)))
  for (const { id, isKept } of sent.results) {
    if (options.mailed === undefined ? isKept === 0 : !options.mailed.has(id))
      wrong.push(`mail ${id} is said to be sent, and no provider has seen it`)
  }
  return wrong
}

/** Together they share what is in scope; more at once than these D1 refuses. */
function queriesOf(scope: string, rules: readonly string[]): string[] {
  const queries: string[] = []
  for (let first = 0; first < rules.length; first += RULES_A_QUERY) {
    queries.push(`${scope} ${rules.slice(first, first + RULES_A_QUERY).join(' UNION ALL ')}`)
  }
  return queries
}

/** Free raffles whose tickets anybody may take have nothing to be compared with. */
const POOLS = `SELECT id FROM raffles JOIN pools ON raffle_id = id
  WHERE id IN raffle AND (price_amount > 0 OR entry = 'order')`
const SENT = `SELECT id, EXISTS (SELECT 1 FROM dev_mails WHERE dev_mails.id = m.id) AS isKept FROM m
  WHERE sent_at IS NOT NULL`
/** What is taken back after it was sent stays away; of what happens at the same instant, nobody knows which was first. */
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

/** Units of refunds, by product, that were taken back then, compared with when they left. */
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
  const sent = away + perhaps === 0 ? '' : `, ${away} to ${away + perhaps} sent and taken back`
  return [`product ${id} has ${stock} in stock, ${held} held and ${sold} sold${sent} of ${putIn}`]
}

interface Told {
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
  /** Tickets that a refund has taken back, and that one is about to: numbers as JSON. */
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
  return results.map(({ orderRef, status }) => `${orderRef} was taken back, and its grant is ${status}`)
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
  const state = (await askPool(ctx, pool, (door) => door.state()))!
  const [told, lines, grants, counts] = (await env.DB.batch([
    env.DB.prepare('SELECT id, state, numbers FROM reservations WHERE pool = ? ORDER BY id').bind(pool),
    env.DB.prepare(LINES).bind(raffleId),
    env.DB.prepare(GRANTS).bind(raffleId),
    env.DB.prepare('SELECT sold, held, seq FROM pools WHERE pool = ?').bind(pool),
  ])) as [
    D1Result<Told>,
    D1Result<Line>,
    D1Result<Granted>,
    D1Result<{ sold: number; held: number; seq: number }>,
  ]
  const wrong: string[] = []
  const row = counts.results[0]!
  if (row.sold !== state.sold || row.held !== state.held || row.seq !== state.seq) {
    wrong.push(
      `pool ${pool} has sold ${state.sold} and holds ${state.held}, and D1 says ${row.sold} and ${row.held}`,
    )
  }
  const standing = await Promise.all(
    told.results.map(({ id }) =>
      askPool(ctx, pool, (door) => door.reservation(reservationAddress(id).seq, id)).then(
        (found) => found?.reservation,
      ),
    ),
  )
  const byId = new Map<string, Reservation>()
  standing.forEach((reservation, index) => {
    const { id, state: said, numbers } = told.results[index]!
    if (reservation === undefined) wrong.push(`reservation ${id} is in D1 and not in its pool`)
    else if (reservation.state !== said || JSON.stringify(reservation.numbers) !== numbers) {
      wrong.push(`reservation ${id} is ${reservation.state} in its pool and ${said} in D1`)
    }
    if (reservation !== undefined) byId.set(id, reservation)
  })
  wrong.push(...countedTwice(byId, state))
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

function countedTwice(
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
      `a pool counts ${sold} sold and ${held} held, its reservations ${counts.sold} and ${counts.held}`,
    )
  }
  return wrong
}

/** No line without its tickets. */
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
    // Between the pool's confirmation and its being written down, a line that a receipt has claimed may be sold.
    const mayBeSold = !settled && line.claimed === 1 && line.settled === 0
    return isSold && !mayBeSold ? [`${name} is ${line.state} and its reservation ${state}`] : []
  }
  if (!isSold) return [`${name} is ${line.state} and its reservation ${state}`]
  const back = new Set<number>(JSON.parse(line.back))
  const going = new Set<number>(JSON.parse(line.going))
  if (back.size !== JSON.parse(line.back).length) return [`${name}: a ticket was refunded twice`]
  if (settled && going.size > 0) return [`${name}: tickets ${[...going].join(', ')} are never taken back`]
  const present = state === 'sold' ? numbers : []
  // The list of a cancelled raffle is fixed: its tickets stay in it, paid back.
  const stale = isCancelled ? [] : present.filter((number) => back.has(number))
  const count = new Set([...present, ...back, ...going]).size
  const wrong: string[] = []
  if (stale.length > 0) wrong.push(`${name}: tickets ${stale.join(', ')} were refunded and are still sold`)
  if (count !== line.quantity) {
    wrong.push(
      `${name}: ${present.length} tickets and ${back.size} refunded ones are not its ${line.quantity}`,
    )
  }
  return wrong
}

/** An entry for every grant, and none without one. */
function checkEntries(grants: Granted[], byId: Map<string, Reservation>, isCancelled: boolean): string[] {
  const wrong: string[] = []
  const granted = new Map(grants.map((grant) => [grant.reservationId, grant]))
  for (const { orderRef, reservationId, entries, status } of grants) {
    const entry = reservationId === null ? undefined : byId.get(reservationId)
    if (status === 'granted' && (entry?.state !== 'sold' || entry.numbers.length !== entries))
      wrong.push(`the grant of ${orderRef} gave ${entries} entries, and its tickets are ${entry?.state}`)
    if (status === 'revoked' && entry?.state === 'sold' && !isCancelled)
      wrong.push(`the grant of ${orderRef} is revoked, and its tickets are still sold`)
  }
  for (const { id, state } of byId.values()) {
    if (state === 'sold' && granted.get(id)?.status !== 'granted')
      wrong.push(`entry ${id} is sold, and no order has earned it`)
  }
  return wrong
}

/** No ticket without money, and no number kept from others for nobody. */
function checkReservation(
  { id, state, heldUntil }: Reservation,
  line: Line | undefined,
  { settled, now }: { settled: boolean; now: number },
): string[] {
  if (state === 'sold' || state === 'voided') {
    const isPaid = line !== undefined && line.claimed === 1 && (line.settled === 1 || !settled)
    return isPaid ? [] : [`reservation ${id} is ${state}, and no order pays for it`]
  }
  // A hold that is over ends with whatever the pool does next.
  if (!settled || state !== 'held' || heldUntil === null || heldUntil <= now) return []
  return line?.status === 'pending'
    ? []
    : [`reservation ${id} is held until ${heldUntil}, and nobody can pay for it`]
}
