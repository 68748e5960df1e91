/** Reads an event's check-ins, newest first, and counts them. */
import { and, desc, eq, isNotNull, isNull, lt, type SQL, sql } from 'drizzle-orm'
import * as z from 'zod'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { type PageOf, readCursor, toPage } from '../core/paging.ts'
import { findEventFor } from '../events/find-event.ts'
import { ticketTypes } from '../events/schema.ts'
import { pools } from '../tickets/schema.ts'
import type { CheckIn, CheckInCounts, ListCheckIns } from './contract.ts'
import { presentCheckIn } from './present.ts'
import { attendees, COUNTS, checkIns } from './schema.ts'

const selectCheckIns = (ctx: Ctx, ...conditions: (SQL | undefined)[]) =>
  ctx.db
    .select({ checkIn: checkIns, typeName: ticketTypes.name, attendeeName: attendees.name })
    .from(checkIns)
    .innerJoin(ticketTypes, eq(ticketTypes.id, checkIns.ticketTypeId))
    .leftJoin(
      attendees,
      and(eq(attendees.reservationId, checkIns.reservationId), eq(attendees.number, checkIns.number)),
    )
    .where(and(...conditions))

/** Ids begin with the time at which a scan was received, so they sort by it. */
export async function listCheckIns(
  ctx: Ctx,
  eventId: string,
  { conflict, limit, cursor }: ListCheckIns,
): Promise<PageOf<CheckIn>> {
  await findEventFor(ctx, eventId, 'check_ins:write')
  const last = readCursor(cursor, z.tuple([z.string()]))
  const rows = await selectCheckIns(
    ctx,
    eq(checkIns.eventId, eventId),
    conflict === undefined
      ? undefined
      : conflict
        ? isNotNull(checkIns.conflictWith)
        : isNull(checkIns.conflictWith),
    last === undefined ? undefined : lt(checkIns.id, last[0]),
  )
    .orderBy(desc(checkIns.id))
    .limit(limit + 1)
  return toPage(rows, limit, ({ checkIn }) => [checkIn.id], presentCheckIn)
}

export async function readCheckIn(ctx: Ctx, eventId: string, id: string): Promise<CheckIn> {
  await findEventFor(ctx, eventId, 'check_ins:write')
  const found = await selectCheckIns(ctx, eq(checkIns.eventId, eventId), eq(checkIns.id, id)).get()
  if (found === undefined) throw notFound('check-in')
  return presentCheckIn(found)
}

/** How many are sold and how many are in, by ticket type in the organiser's order. */
export async function countCheckIns(ctx: Ctx, eventId: string): Promise<CheckInCounts> {
  const event = await findEventFor(ctx, eventId, 'check_ins:write')
  const rows = await ctx.db
    .select({
      id: ticketTypes.id,
      name: ticketTypes.name,
      position: ticketTypes.position,
      sold: sql<number>`coalesce(${pools.sold}, 0)`,
      checkedIn: sql<number>`(
        SELECT count(*) FROM ${checkIns} WHERE ${checkIns.eventId} = ${eventId}
          AND ${checkIns.ticketTypeId} = ${ticketTypes.id} AND ${COUNTS})`,
    })
    .from(ticketTypes)
    .leftJoin(pools, eq(pools.pool, ticketTypes.pool))
    .where(eq(ticketTypes.eventId, eventId))
  rows.sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
  const isCancelled = event.status === 'cancelled'
  const counted = rows.map(({ position: _, ...row }) => (isCancelled ? { ...row, sold: 0 } : row))
  const total = (of: 'sold' | 'checkedIn') => counted.reduce((sum, row) => sum + row[of], 0)
  return { ticketTypes: counted, sold: total('sold'), checkedIn: total('checkedIn') }
}
