/**
 * Who takes part in a raffle, for members with `entrants:read`: from the raffle's pool, which knows every reservation, with
 * names from D1. All of it is personal data: never logged, never shared, and each file leaves an audit row.
 */
import { and, eq, inArray, notInArray, sql } from 'drizzle-orm'
import * as z from 'zod'
import { users } from '../accounts/schema.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { type Cell, csvStream } from '../core/csv-stream.ts'
import { withRetry } from '../core/database.ts'
import { MOST_ROWS_READ, type PageOf, readCursor, toPage } from '../core/paging.ts'
import { winners } from '../draws/schema.ts'
import { digitsOf } from '../raffles/draw-method.ts'
import { type FoundRaffle, findRaffleFor } from '../raffles/find-raffle.ts'
import { askPool } from '../tickets/client.ts'
import type { Reservation } from '../tickets/pool-contract.ts'
import { asShown, presentReserved } from '../tickets/present.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import type { Entry, EntryFilter, ListEntries } from './contract.ts'

/** A pool answers with at most this many reservations at a time. */
const ROWS_A_SLICE = 500

const CursorKey = z.tuple([z.number().int().min(0)])

const placeOf = ({ id }: Reservation): number => reservationAddress(id).seq

/** In the order in which they were made, the oldest first. */
export async function listEntries(ctx: Ctx, raffleId: string, query: ListEntries): Promise<PageOf<Entry>> {
  const found = await findRaffleFor(ctx, raffleId, 'entrants:read')
  const { limit, state } = query
  const most = state === undefined ? limit + 1 : ROWS_A_SLICE
  const rows: Reservation[] = []
  let next: number | null = readCursor(query.cursor, CursorKey)?.[0] ?? 0
  for (let read = 0; next !== null && rows.length <= limit && read < MOST_ROWS_READ; read += most) {
    const slice: Slice = await readSlice(ctx, found, next, most, state)
    rows.push(...slice.rows)
    next = slice.next
  }
  const page = toPage(
    rows.slice(0, limit + 1),
    limit,
    (row) => [placeOf(row)],
    (row) => row,
    next === null ? undefined : [next],
  )
  return { ...page, data: await withPersons(ctx, found, page.data) }
}

export const ENTRY_COLUMNS = [
  'reservation',
  'state',
  'quantity',
  'numbers',
  'createdAt',
  'issuedAt',
  'name',
  'email',
  'phone',
] as const

/** The whole list as a file. Its audit row is written before its first line is read. */
export async function entriesCsv(
  ctx: Ctx,
  raffleId: string,
  filter: EntryFilter,
): Promise<ReadableStream<Uint8Array>> {
  const found = await findRaffleFor(ctx, raffleId, 'entrants:read')
  const { organisationId } = found.raffle
  const subject = { kind: 'raffle', id: raffleId } as const
  const entry = { action: 'raffle.entrants_exported', subject, organisationId } as const
  await withRetry(() => insertAudit(ctx, entry, sql`true`))
  return csvStream(ENTRY_COLUMNS, fileRows(ctx, found, filter), { bom: true })
}

async function* fileRows(ctx: Ctx, found: FoundRaffle, { state }: EntryFilter): AsyncGenerator<Cell[][]> {
  for (let after: number | null = 0; after !== null; ) {
    const slice: Slice = await readSlice(ctx, found, after, ROWS_A_SLICE, state)
    after = slice.next
    const entries = await withPersons(ctx, found, slice.rows)
    yield entries.map(({ reservation, tickets, entrant }) => [
      reservation.id,
      reservation.state,
      reservation.quantity,
      tickets.map(({ label }) => label).join(' '),
      reservation.createdAt,
      reservation.issuedAt,
      entrant.name,
      entrant.email,
      entrant.phone,
    ])
  }
}

interface Slice {
  rows: Reservation[]
  next: number | null
}

/** A draft has no pool yet, and so no reservations. */
async function readSlice(
  ctx: Ctx,
  { raffle, pool }: FoundRaffle,
  after: number,
  most: number,
  state: EntryFilter['state'],
): Promise<Slice> {
  const slice = await askPool(ctx, raffle, (stub) => stub.reservationSlice(after, most))
  const isCancelled = pool !== null && pool.cancellation !== null
  const shown = (slice?.reservations ?? []).map((row) => asShown(row, isCancelled))
  const rows = state === undefined ? shown : shown.filter((row) => state.includes(row.state))
  return { rows, next: slice?.next ?? null }
}

/** Leaves out reservations whose person is no longer known. */
async function withPersons(ctx: Ctx, { raffle }: FoundRaffle, rows: Reservation[]): Promise<Entry[]> {
  if (rows.length === 0) return []
  const holders = sql`(SELECT value FROM json_each(${JSON.stringify([...new Set(rows.map((row) => row.holder))])}))`
  const [persons, won] = await ctx.db.batch([
    ctx.db
      .select({ id: users.id, name: users.name, email: users.email, phone: users.phone })
      .from(users)
      .where(inArray(users.id, holders)),
    ctx.db
      .select({ userId: winners.userId })
      .from(winners)
      .where(
        and(
          inArray(winners.userId, holders),
          eq(winners.raffleId, raffle.id),
          notInArray(winners.status, ['declined', 'expired', 'disqualified', 'void']),
        ),
      ),
  ])
  const personOf = new Map(persons.map((person) => [person.id, person]))
  const digits = digitsOf(raffle.draw)
  const hasWon = new Set(won.map(({ userId }) => userId))
  return rows.flatMap((row) => {
    const person = personOf.get(row.holder)
    if (person === undefined) return []
    const phone = hasWon.has(person.id) ? person.phone : null
    return [{ ...presentReserved(raffle.id, row, digits), entrant: { ...person, phone } }]
  })
}
