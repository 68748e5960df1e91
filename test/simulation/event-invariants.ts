// The invariants of events: seats, holders, and the money of admissions. The pools are read as they are, not as projected.
import type { Bindings } from '../../src/core/context.ts'
import { askPool } from '../../src/tickets/client.ts'
import { isPerson } from '../../src/tickets/is-person.ts'
import { type PoolState, type Reservation, validNumbers } from '../../src/tickets/pool-contract.ts'
import { reservationAddress } from '../../src/tickets/reservation-id.ts'
import { testContext } from '../harness/people.ts'

/** To be used after `SCOPE`. */
export const EVENT_SCOPE = `, type AS (SELECT ticket_types.*, events.status AS event_status, events.id AS event
    FROM ticket_types JOIN events ON events.id = event_id
    WHERE ?1 IS NULL OR ticket_types.id IN (SELECT value FROM json_each(?1)))`

export const EVENTS_ALWAYS: readonly string[] = [
  `SELECT 'takings of ticket type ' || id || ' are ' || held || ', but its issued admissions less refunds make ' || made
   FROM (SELECT id,
       (SELECT -coalesce(sum(amount), 0) FROM moves WHERE account = 'takings:' || type.id
         AND transaction_id NOT LIKE 'payout:%' AND transaction_id NOT LIKE 'event:%') AS held,
       (SELECT coalesce(sum(quantity * unit_amount), 0) FROM l JOIN o ON o.id = l.order_id
         WHERE item_id = type.id AND settled_at IS NOT NULL AND state IN ('issued', 'refunded'))
       - (SELECT coalesce(sum(count * back.unit_amount), 0) FROM back JOIN l USING (order_id, line)
         WHERE item_id = type.id AND is_owed) AS made
     FROM type)
   WHERE held <> made`,
]

/** These hold once every deadline has passed. */
export const EVENTS_SETTLED: readonly string[] = [
  `SELECT 'event ' || event || ' was cancelled, and order ' || order_id || ' still pays for its ' || name FROM l
   JOIN type ON type.id = l.item_id
   WHERE event_status = 'cancelled' AND l.state = 'issued' AND l.unit_amount > 0`,
  `SELECT 'the refunds of ticket type ' || id || ' never finish' FROM type JOIN refund_runs ON raffle_id = id
   WHERE finished_at IS NULL`,
  `SELECT 'ticket type ' || id || ' has a change that its pool never got' FROM type, clock WHERE due_at <= now`,
  `SELECT 'holders of ticket type ' || ticket_type_id || ' are still to be told' FROM event_notices, clock
   WHERE due_at <= now AND ticket_type_id IN (SELECT id FROM type)`,
  `SELECT 'event ' || event || ' was cancelled, and nothing told ' || holder FROM type
   JOIN reservations AS s ON s.pool = type.pool AND s.state = 'sold'
   WHERE event_status = 'cancelled' AND (price_amount = 0 OR held_until IS NULL)
     AND NOT EXISTS (SELECT 1 FROM mails WHERE kind = 'event_cancelled' AND user_id = holder
       AND subject LIKE event || ':%')
     AND NOT EXISTS (SELECT 1 FROM reservations AS paid JOIN type AS other ON other.pool = paid.pool
       WHERE paid.holder = s.holder AND paid.state = 'sold' AND paid.held_until IS NOT NULL
         AND other.event = type.event AND other.price_amount > 0)`,
]

const TYPES = `SELECT type.id, type.pool, price_amount AS price, capacity, change IS NOT NULL OR due_at IS NOT NULL AS isChanging
  FROM type`

interface TypeRow {
  id: string
  pool: string
  price: number
  capacity: number
  isChanging: number
}

interface Line {
  orderId: string
  line: number
  state: string
  quantity: number
  refunded: number
  reservationId: string
  claimed: number
  settled: number
}

const LINES = `SELECT l.order_id AS orderId, l.line, l.state, l.quantity, l.refunded_quantity AS refunded,
    l.reservation_id AS reservationId, o.receipt IS NOT NULL AS claimed, o.settled_at IS NOT NULL AS settled
  FROM order_lines AS l JOIN orders AS o ON o.id = l.order_id WHERE l.item_id = ?`

/** Checks each pool of a ticket type. `scope`: the statements' first parameter. */
export async function auditEvents(
  { DB, TICKET_POOL }: Pick<Bindings, 'DB' | 'TICKET_POOL'>,
  scope: string,
  { ids, now, settled }: { ids: string | null; now: number; settled: boolean },
): Promise<string[]> {
  const { results } = await DB.prepare(`${scope}${EVENT_SCOPE} ${TYPES}`).bind(ids, now).all<TypeRow>()
  const wrong: string[] = []
  for (const type of results) {
    const ctx = { ...testContext(), env: { ...testContext().env, DB, TICKET_POOL } }
    await askPool(ctx, type.pool, (stub) => stub.catchUp())
    const state = await askPool(ctx, type.pool, (stub) => stub.state())
    if (state === null || state.itemId !== type.id) continue
    const reservations: Reservation[] = []
    for (let after: number | null = 0; after !== null; ) {
      const from: number = after
      const slice = await askPool(ctx, type.pool, (stub) => stub.reservationSlice(from, 500))
      reservations.push(...slice!.reservations)
      after = slice!.next
    }
    const lines = (await DB.prepare(LINES).bind(type.id).all<Line>()).results
    wrong.push(
      ...checkSeats(type, state, reservations),
      ...checkLimit(type, state, reservations),
      ...checkMoved(type, reservations),
      ...checkPaid(type, reservations, lines, { settled, isCancelled: state.cancellation !== null }),
      ...(await checkProjected(DB, type, reservations)),
    )
  }
  return wrong
}

const isHeldOrSold = ({ state }: Reservation) => state === 'sold' || state === 'held'

/** No seat is given twice, and no more seats than there are. */
function checkSeats(type: TypeRow, state: PoolState, reservations: Reservation[]): string[] {
  const wrong: string[] = []
  const owners = new Map<number, string>()
  const counts = { sold: 0, held: 0 }
  for (const { id, state: is, numbers } of reservations.filter(isHeldOrSold)) {
    counts[is as 'sold' | 'held'] += numbers.length
    for (const number of numbers) {
      const other = owners.get(number)
      if (other !== undefined) wrong.push(`admission ${number} of ${type.id} is in ${other} and in ${id}`)
      owners.set(number, id)
    }
  }
  if (counts.sold !== state.sold || counts.held !== state.held)
    wrong.push(
      `${type.id} counts ${state.sold} sold and ${state.held} held, not ${counts.sold} and ${counts.held}`,
    )
  if (counts.sold + counts.held > state.total)
    wrong.push(`${type.id} has ${state.total} seats, and ${counts.sold + counts.held} are sold or held`)
  if (type.isChanging === 0 && state.cancellation === null && state.total !== type.capacity)
    wrong.push(`${type.id} has ${type.capacity} seats, and its pool ${state.total}`)
  return wrong
}

/** Nobody has more than one person may have. A ticket that was given away counts for the person who got it first. */
function checkLimit(type: TypeRow, { terms }: PoolState, reservations: Reservation[]): string[] {
  const most = terms.kind === 'ticketType' ? terms.maxPerUser : null
  const counts = new Map<string, number>()
  for (const reservation of reservations) {
    const { id, holder, state, numbers, firstSeq } = reservation
    if (reservationAddress(id).seq !== firstSeq || !isPerson(holder)) continue
    const count = state === 'held' ? numbers.length : validNumbers(reservation).length
    counts.set(holder, (counts.get(holder) ?? 0) + count)
  }
  return [...counts].flatMap(([holder, count]) =>
    most !== null && count > most ? [`${holder} has ${count} of ${type.id}, and may have ${most}`] : [],
  )
}

/** Each number that moved away is in exactly one other reservation, of another person. */
function checkMoved(type: TypeRow, reservations: Reservation[]): string[] {
  return reservations.flatMap((from) =>
    from.moved.flatMap((number) => {
      const to = reservations.filter(({ state, numbers }) => state === 'sold' && numbers.includes(number))
      const isRight = to.length === 1 && to[0]!.holder !== from.holder
      return isRight
        ? []
        : [`admission ${number} of ${type.id} left ${from.id} and is in ${to.length} others`]
    }),
  )
}

interface Known {
  settled: boolean
  isCancelled: boolean
}

/** Each admission that costs money is paid, and each line has as many as it was paid for. */
function checkPaid(type: TypeRow, reservations: Reservation[], lines: Line[], known: Known): string[] {
  const wrong: string[] = []
  const byId = new Map(reservations.map((each) => [each.id, each]))
  const lineOf = new Map(lines.map((line) => [line.reservationId, line]))
  for (const { id, state, heldUntil } of reservations) {
    if (type.price === 0 || heldUntil === null || state === 'held' || state === 'released') continue
    const line = lineOf.get(id)
    if (line === undefined || line.claimed === 0 || (known.settled && line.settled === 0))
      wrong.push(`admissions ${id} of ${type.id} are ${state}, but no order pays for them`)
  }
  const given = new Set(reservations.flatMap(({ moved }) => moved))
  for (const { id, holder, state, heldUntil, numbers } of reservations) {
    // What is set aside for a prize belongs to its raffle.
    const isFromNowhere =
      isPerson(holder) &&
      state === 'sold' &&
      heldUntil === null &&
      !numbers.every((number) => given.has(number))
    if (type.price > 0 && isFromNowhere)
      wrong.push(`admissions ${id} of ${type.id} were neither sold nor given`)
  }
  for (const line of lines) wrong.push(...checkLine(type, line, byId.get(line.reservationId), known))
  return wrong
}

function checkLine(
  { price }: TypeRow,
  { orderId, line, state, quantity, refunded, claimed, settled: isSettled }: Line,
  reservation: Reservation | undefined,
  { settled, isCancelled }: Known,
): string[] {
  const name = `line ${line} of order ${orderId}`
  if (reservation === undefined) return [`${name} has no reservation in its pool`]
  const valid = validNumbers(reservation).length
  if (state !== 'issued' && state !== 'refunded') {
    // The pool confirms before the database records it.
    const mayBeSold = !settled && claimed === 1 && isSettled === 0
    return valid > 0 && !mayBeSold ? [`${name} is ${state} and has ${valid} admissions`] : []
  }
  // A cancelled pool keeps its numbers. While refunds are under way, their numbers may still be valid.
  if (isCancelled || (!settled && valid > quantity - refunded)) return []
  const isRight = price === 0 ? valid <= quantity - refunded : valid === quantity - refunded
  return isRight ? [] : [`${name} has ${valid} admissions of ${quantity}, and ${refunded} are refunded`]
}

async function checkProjected(DB: D1Database, type: TypeRow, reservations: Reservation[]): Promise<string[]> {
  const { results } = await DB.prepare('SELECT id, holder, state, numbers FROM reservations WHERE pool = ?')
    .bind(type.pool)
    .all<{ id: string; holder: string; state: string; numbers: string }>()
  const rows = new Map(results.map((row) => [row.id, row]))
  return reservations.flatMap(({ id, holder, state, numbers }) => {
    const row = rows.get(id)
    const isRight = row?.holder === holder && row.state === state && row.numbers === JSON.stringify(numbers)
    return isRight ? [] : [`admissions ${id} are ${state} in their pool and ${row?.state} in the database`]
  })
}
