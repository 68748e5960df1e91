/** What must be known to decide scans: of the event and of earlier scans from D1, of the tickets from their pools. */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../core/context.ts'
import { ticketTypes } from '../events/schema.ts'
import { askPool } from '../tickets/client.ts'
import type { Reservation } from '../tickets/pool-contract.ts'
import { reservationAddress } from '../tickets/reservation-id.ts'
import type { Admission, ReadCode } from './code.ts'
import { attendees, type CheckInRow, checkIns } from './schema.ts'

/** The check-in with which somebody was in already. */
export type First = Pick<CheckInRow, 'id' | 'scannedAt' | 'gate'>

/** A row with the check-in that came before it, if it is a conflict. */
export interface Known {
  result: 'known'
  row: CheckInRow
  first: First | null
}

export interface Facts {
  typeOfPool: Map<string, { id: string; name: string }>
  nameOfType: Map<string, string>
  attendeeOf: Map<string, string>
  /** By the scanners' own names for their scans. */
  repeats: Map<string, Known>
}

export const keyOf = ({ reservationId, number }: Admission): string => `${reservationId} ${number}`

export const jsonOf = (value: unknown) => sql`json_each(${JSON.stringify(value)})`

const firsts = alias(checkIns, 'first')

/** The check-ins of these scans, each with the one that came before it. */
export const selectByScan = (ctx: Ctx, eventId: string, scanIds: (string | null)[]) =>
  ctx.db
    .select({
      row: checkIns,
      // A batch returns rows by the names of their columns, so no two columns may share one.
      firstScannedAt: sql<number | null>`${firsts.scannedAt}`.as('first_scanned_at'),
      firstGate: sql<string | null>`${firsts.gate}`.as('first_gate'),
    })
    .from(checkIns)
    .leftJoin(firsts, and(eq(firsts.eventId, checkIns.eventId), eq(firsts.id, checkIns.conflictWith)))
    .where(
      and(
        eq(checkIns.eventId, eventId),
        sql`${checkIns.scanId} IN (SELECT value FROM ${jsonOf(scanIds.filter((each) => each !== null))})`,
      ),
    )

export type FoundScan = Awaited<ReturnType<typeof selectByScan>>[number]

export const knownByScan = (found: FoundScan[]): Map<string, Known> =>
  new Map(
    found.map(({ row, firstScannedAt, firstGate }) => {
      const { conflictWith: id } = row
      const first = id === null ? null : { id, scannedAt: firstScannedAt!, gate: firstGate }
      return [row.scanId!, { result: 'known', row, first }]
    }),
  )

export async function readFacts(
  ctx: Ctx,
  eventId: string,
  scanIds: (string | null)[],
  codes: readonly ReadCode[],
): Promise<Facts> {
  const admissions = codes.flatMap((code) => (code.ok ? [[code.reservationId, code.number]] : []))
  const [types, named, repeats] = await ctx.db.batch([
    ctx.db
      .select({ id: ticketTypes.id, name: ticketTypes.name, pool: ticketTypes.pool })
      .from(ticketTypes)
      .where(eq(ticketTypes.eventId, eventId)),
    ctx.db
      .select({ reservationId: attendees.reservationId, number: attendees.number, name: attendees.name })
      .from(attendees)
      .where(
        sql`(${attendees.reservationId}, ${attendees.number}) IN (SELECT value->>0, value->>1 FROM ${jsonOf(admissions)})`,
      ),
    selectByScan(ctx, eventId, scanIds),
  ])
  return {
    typeOfPool: new Map(types.map((type) => [type.pool, type])),
    nameOfType: new Map(types.map(({ id, name }) => [id, name])),
    attendeeOf: new Map(named.map((row) => [keyOf(row), row.name])),
    repeats: knownByScan(repeats),
  }
}

/** What the pools know of these reservations. */
export async function readReservations(
  ctx: Ctx,
  codes: readonly ReadCode[],
): Promise<Map<string, Reservation>> {
  const ids = new Set(codes.flatMap((code) => (code.ok ? [code.reservationId] : [])))
  const byPool = Map.groupBy(ids, (id) => reservationAddress(id).pool)
  const answers = await Promise.all(
    [...byPool].map(([pool, wanted]) =>
      askPool(ctx, pool, (stub) =>
        Promise.all(wanted.map((id) => stub.reservation(reservationAddress(id).seq, id))),
      ),
    ),
  )
  return new Map(
    answers.flat().flatMap((found) => (found === null ? [] : [[found.reservation.id, found.reservation]])),
  )
}
