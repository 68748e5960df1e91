// The invariants of the door: a ticket lets in one person, while it is valid, and the counts are those of the rows.
import { env } from 'cloudflare:workers'
import type { Event } from './event-stage.ts'
import type { History, Row } from './pool-history.ts'
import type { World } from './world.ts'

interface CheckInRow {
  id: string
  ticketTypeId: string
  reservationId: string
  number: number
  firstSeq: number
  receivedAt: number
  conflictWith: string | null
  undoneAt: number | null
}

const ROWS = `SELECT id, ticket_type_id AS ticketTypeId, reservation_id AS reservationId, number, first_seq AS firstSeq,
    received_at AS receivedAt, conflict_with AS conflictWith, undone_at AS undoneAt
  FROM check_ins WHERE event_id = ? ORDER BY id`

/** Compares what is stored with the history of the pools, and with what the people at the door were told. */
export async function auditDoor(
  world: World,
  event: Event,
  histories: ReadonlyMap<string, History>,
): Promise<string[]> {
  const { results: rows } = await env.DB.prepare(ROWS).bind(event.id).all<CheckInRow>()
  return [
    ...rows.flatMap((row) => checkRow(row, histories.get(row.ticketTypeId)!)),
    ...checkTickets(rows, histories),
    ...checkTold(event, rows),
    ...(await checkCounts(world, event, rows)),
  ]
}

const counts = ({ conflictWith, undoneAt }: CheckInRow): boolean => conflictWith === null && undoneAt === null

/** When the number left the reservation; infinity: it is still in it. */
function leftAt({ seq }: Row, number: number, { changes }: History): number {
  const left = changes.find(
    ({ reservation, kind, numbers }) => reservation === seq && kind === 'voided' && numbers!.includes(number),
  )
  return left?.at ?? Number.POSITIVE_INFINITY
}

function checkRow(
  { id, reservationId, number, receivedAt, conflictWith }: CheckInRow,
  history: History,
): string[] {
  const row = [...history.rows.values()].find((each) => each.id === reservationId)
  if (row === undefined) return [`scan ${id} is of a reservation that its pool does not know`]
  if (conflictWith === id) return []
  const sold = row.heldUntil === null ? row : confirmed(row, history)
  if (sold === undefined || sold.at > receivedAt) return [`scan ${id} lets in with a ticket that is not paid`]
  const isGone = leftAt(row, number, history) < receivedAt
  // Somebody was in before it left: a late scan is in conflict with that.
  return isGone && conflictWith === null ? [`scan ${id} lets in with a ticket that is no longer valid`] : []
}

const confirmed = ({ seq }: Row, { changes }: History) =>
  changes.find(({ reservation, kind }) => reservation === seq && kind === 'confirmed')

/** A ticket that is given away stays the same ticket: where it was sold first names it. */
function checkTickets(rows: CheckInRow[], histories: ReadonlyMap<string, History>): string[] {
  const wrong: string[] = []
  const inside = new Set<string>()
  for (const row of rows) {
    const { rows: reservations } = histories.get(row.ticketTypeId)!
    let first = [...reservations.values()].find(({ id }) => id === row.reservationId)
    while (first !== undefined && first.movedFrom !== null) first = reservations.get(first.movedFrom)
    const key = `${first?.id} ${row.number}`
    if (first?.seq !== row.firstSeq) wrong.push(`scan ${row.id} says that ${key} was sold at ${row.firstSeq}`)
    if (!counts(row)) continue
    if (inside.has(key)) wrong.push(`several people are in with admission ${key}`)
    inside.add(key)
  }
  return wrong
}

/** Each answer that let somebody in has its row, and each undo has ended one. */
function checkTold({ scans, undone }: Event, rows: CheckInRow[]): string[] {
  const byId = new Map(rows.map((row) => [row.id, row]))
  return [
    ...scans.flatMap(({ checkInId, code, scanId }) => {
      if (checkInId === null) return []
      const row = byId.get(checkInId)
      const isRight = row?.reservationId === code.reservationId && row.number === code.number
      return isRight && row.conflictWith === null
        ? []
        : [`scan ${scanId} let in, and ${checkInId} does not say so`]
    }),
    ...[...undone].filter((id) => byId.get(id)?.undoneAt == null).map((id) => `${id} was undone, and counts`),
  ]
}

async function checkCounts(world: World, event: Event, rows: CheckInRow[]): Promise<string[]> {
  const list = `/events/${event.id}/check-ins`
  const { body } = await world.call(world.operator, 'GET', `${list}/counts`)
  const right = rows.filter(counts).length
  const wrong: string[] = []
  if (body.checkedIn !== right) wrong.push(`${body.checkedIn} are counted as in, and the rows make ${right}`)
  for (const { id, checkedIn } of body.ticketTypes) {
    const own = rows.filter((row) => counts(row) && row.ticketTypeId === id).length
    if (checkedIn !== own) wrong.push(`${checkedIn} of ${id} are counted as in, and the rows make ${own}`)
  }
  const conflicts = await world.call(world.operator, 'GET', `${list}?conflict=true&limit=100`)
  const lost = rows.filter(({ conflictWith }) => conflictWith !== null).length
  if (conflicts.body.data.length !== Math.min(lost, 100))
    wrong.push(`${conflicts.body.data.length} conflicts are listed, and the rows make ${lost}`)
  return wrong
}
