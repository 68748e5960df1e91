/**
 * Who is expected at an event, for its members: the admissions that its pools have sold, with names from D1, and who is in.
 * All of it is personal data: never logged, never shared, and each file leaves an audit row.
 */
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm'
import * as z from 'zod'
import { hasPermission } from '../accounts/permissions.ts'
import { users } from '../accounts/schema.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { type Cell, csvStream } from '../core/csv-stream.ts'
import { withRetry } from '../core/database.ts'
import { notFound } from '../core/errors.ts'
import { MOST_ROWS_READ, type PageOf, readCursor, toPage } from '../core/paging.ts'
import { containsWords } from '../core/search.ts'
import { toInstantOrNull } from '../core/time.ts'
import { findEventFor, typesOf } from '../events/find-event.ts'
import type { EventRow, TicketTypeRow } from '../events/schema.ts'
import { askPool } from '../tickets/client.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import { MAX_TICKETS_A_POOL } from '../tickets/terms.ts'
import type { ExpectedAdmission, ExpectedFilter, ListExpected } from './contract.ts'
import { attendees, COUNTS, checkIns } from './schema.ts'

/** A pool answers with at most this many reservations at a time. */
const RESERVATIONS_A_SLICE = 500

/** A place in the list: by ticket type, then in the order of the sale. The next admission comes after it. */
type Place = [typeId: string, seq: number, number: number]
const CursorKey = z.tuple([z.string(), z.number().int().min(0), z.number().int().min(0)])

type Filter = ExpectedFilter & { q?: string | undefined }

/** By ticket type in the organiser's order, then in the order of the sale. */
export async function listExpected(
  ctx: Ctx,
  eventId: string,
  query: ListExpected,
): Promise<PageOf<ExpectedAdmission>> {
  const event = await findEventFor(ctx, eventId, 'check_ins:write')
  const showsEmail = await hasPermission(ctx, event.organisationId, 'entrants:read')
  const types = await typesWithTickets(ctx, event, query)
  const { limit } = query
  const isFiltered = query.q !== undefined || query.checkedIn !== undefined
  let most = isFiltered ? RESERVATIONS_A_SLICE : limit + 1
  const rows: ExpectedAdmission[] = []
  let place = readCursor(query.cursor, CursorKey) ?? startOf(types[0])
  for (let read = 0; place !== null && rows.length <= limit && read < MOST_ROWS_READ; ) {
    const slice: Slice = await readSlice(ctx, types, place, most)
    rows.push(...(await withNames(ctx, slice.sold, query)))
    read += Math.max(most, slice.sold.length)
    place = slice.next
    // If few are sold among so many, more calls would find few too.
    most = RESERVATIONS_A_SLICE
  }
  const shown = ({ holder, ...row }: ExpectedAdmission) => ({
    ...row,
    holder: showsEmail ? holder : { ...holder, email: null },
  })
  return toPage(rows, limit, placeOf, shown, place ?? undefined)
}

export const EXPECTED_COLUMNS = [
  'ticketType',
  'reservation',
  'number',
  'holder',
  'email',
  'attendee',
  'checkedInAt',
  'gate',
] as const

/** The whole list as a file. Its audit row is written before its first line is read. */
export async function expectedCsv(
  ctx: Ctx,
  eventId: string,
  filter: ExpectedFilter,
): Promise<ReadableStream<Uint8Array>> {
  const event = await findEventFor(ctx, eventId, 'entrants:read')
  const types = await typesWithTickets(ctx, event, filter)
  const { organisationId } = event
  const subject = { kind: 'event', id: eventId } as const
  const entry = { action: 'event.admissions_exported', subject, organisationId } as const
  await withRetry(() => insertAudit(ctx, entry, sql`true`))
  return csvStream(EXPECTED_COLUMNS, fileRows(ctx, types, filter), { bom: true })
}

async function* fileRows(ctx: Ctx, types: TicketTypeRow[], filter: ExpectedFilter): AsyncGenerator<Cell[][]> {
  for (let place = startOf(types[0]); place !== null; ) {
    const slice: Slice = await readSlice(ctx, types, place, RESERVATIONS_A_SLICE)
    place = slice.next
    const rows = await withNames(ctx, slice.sold, filter)
    yield rows.map((row) => [
      row.ticketType.name,
      row.reservationId,
      row.number,
      row.holder.name,
      row.holder.email,
      row.attendeeName,
      row.checkedInAt,
      row.gate,
    ])
  }
}

/** The ticket types that may have sold something that is still valid. */
async function typesWithTickets(
  ctx: Ctx,
  event: EventRow,
  { ticketTypeId }: ExpectedFilter,
): Promise<TicketTypeRow[]> {
  const types = (await typesOf(ctx, [event.id])).map(({ type }) => type)
  const wanted = ticketTypeId === undefined ? types : types.filter(({ id }) => id === ticketTypeId)
  if (ticketTypeId !== undefined && wanted.length === 0) throw notFound('ticket type')
  return event.status === 'published' ? wanted : []
}

interface Sold {
  reservationId: string
  number: number
  holder: string
  type: TicketTypeRow
  firstSeq: number
}

interface Slice {
  sold: Sold[]
  next: Place | null
}

const startOf = (type: TicketTypeRow | undefined): Place | null =>
  type === undefined ? null : [type.id, 0, 0]

const placeOf = ({ ticketType, reservationId, number }: ExpectedAdmission): Place => [
  ticketType.id,
  reservationAddress(reservationId).seq,
  number,
]

/** The next admissions after a place: those of at most `most` reservations of one ticket type. */
async function readSlice(
  ctx: Ctx,
  types: TicketTypeRow[],
  [typeId, seq, after]: Place,
  most: number,
): Promise<Slice> {
  const at = types.findIndex(({ id }) => id === typeId)
  const type = types[at]
  if (type === undefined) return { sold: [], next: null }
  // The reservation of the place may have more numbers.
  const slice = await askPool(ctx, type.pool, (pool) => pool.reservationSlice(seq - 1, most))
  const all = (slice?.reservations ?? [])
    .filter(({ state }) => state === 'sold')
    .flatMap((reservation) =>
      reservation.numbers
        .toSorted((a, b) => a - b)
        .map((number) => ({
          reservationId: reservation.id,
          number,
          holder: reservation.holder,
          type,
          firstSeq: reservation.firstSeq,
        })),
    )
    .filter(({ reservationId, number }) => number > after || reservationAddress(reservationId).seq !== seq)
  const sold = all.slice(0, MOST_ROWS_READ)
  const last = sold.at(-1)
  if (last !== undefined && sold.length < all.length)
    return { sold, next: [type.id, reservationAddress(last.reservationId).seq, last.number] }
  const next = slice?.next ?? null
  // No number is higher, so the rest of that reservation is done.
  return { sold, next: next === null ? startOf(types[at + 1]) : [type.id, next, MAX_TICKETS_A_POOL] }
}

/** Joins names and check-ins, and keeps what the filter asks for. Leaves out persons who are no longer known. */
async function withNames(ctx: Ctx, sold: Sold[], { q, checkedIn }: Filter): Promise<ExpectedAdmission[]> {
  if (sold.length === 0) return []
  const listed = JSON.stringify(
    sold.map(({ reservationId, number, holder, type, firstSeq }) => [
      reservationId,
      number,
      holder,
      type.id,
      firstSeq,
    ]),
  )
  const names = sql`coalesce(${users.folded}, lower(${users.name})) || ' ' || coalesce(${attendees.folded}, '')`
  const rows = await ctx.db
    .select({
      at: sql<number>`sold.key`,
      name: users.name,
      email: users.email,
      attendeeName: attendees.name,
      scannedAt: checkIns.scannedAt,
      gate: checkIns.gate,
    })
    .from(sql`json_each(${listed}) AS sold`)
    .innerJoin(users, eq(users.id, sql`sold.value->>2`))
    .leftJoin(
      attendees,
      and(eq(attendees.reservationId, sql`sold.value->>0`), eq(attendees.number, sql`sold.value->>1`)),
    )
    .leftJoin(
      checkIns,
      and(
        eq(checkIns.ticketTypeId, sql`sold.value->>3`),
        eq(checkIns.number, sql`sold.value->>1`),
        eq(checkIns.firstSeq, sql`sold.value->>4`),
        COUNTS,
      ),
    )
    .where(
      and(
        q === undefined ? undefined : containsWords(sql`(${names})`, q),
        checkedIn === undefined ? undefined : checkedIn ? isNotNull(checkIns.id) : isNull(checkIns.id),
      ),
    )
  rows.sort((a, b) => a.at - b.at)
  return rows.map(({ at, name, email, attendeeName, scannedAt, gate }) => {
    const { reservationId, number, holder, type } = sold[at]!
    return {
      reservationId,
      number,
      ticketType: { id: type.id, name: type.name },
      holder: { id: holder, name, email },
      attendeeName,
      checkedInAt: toInstantOrNull(scannedAt),
      gate,
    }
  })
}
