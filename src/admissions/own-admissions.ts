/** The caller's own admissions, with their codes. Other people's are not found. */
import { and, eq, inArray, sql } from 'drizzle-orm'
import * as z from 'zod'
import { requireCheckedUser } from '../accounts/permissions.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { signingKeyFromSeed } from '../core/native-crypto.ts'
import { type PageOf, type PageQuery, readCursor, toPage } from '../core/paging.ts'
import { toInstantOrNull } from '../core/time.ts'
import { presentSummary } from '../events/present.ts'
import { type EventRow, events, ticketTypes } from '../events/schema.ts'
import { type FoundReservation, findReservation } from '../tickets/find-reservation.ts'
import { isTicketType } from '../tickets/present.ts'
import { codeOf } from './code.ts'
import type { Admission } from './contract.ts'
import { attendees } from './schema.ts'
import { selectWhoIsIn } from './who-is-in.ts'

type OwnReservation = FoundReservation['reservation'] & { itemId: string }

interface OwnAdmission {
  reservation: OwnReservation
  event: EventRow
  /** As its holder sees it. */
  shown: Admission
}

/** By their numbers. */
export async function listAdmissions(ctx: Ctx, id: string, query: PageQuery): Promise<PageOf<Admission>> {
  const reservation = await ownReservation(ctx, id)
  const after = readCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? 0
  const numbers = reservation.numbers.filter((number) => number > after).sort((a, b) => a - b)
  const rows = await describeAdmissions(ctx, reservation, numbers.slice(0, query.limit + 1))
  return toPage(
    rows,
    query.limit,
    ({ shown }) => [shown.number],
    ({ shown }) => shown,
  )
}

export async function findAdmission(ctx: Ctx, id: string, number: number): Promise<OwnAdmission> {
  const reservation = await ownReservation(ctx, id)
  const [found] = reservation.numbers.includes(number)
    ? await describeAdmissions(ctx, reservation, [number])
    : []
  if (found === undefined) throw notFound('admission')
  return found
}

/** A reservation of the caller's for a ticket type. */
async function ownReservation(ctx: Ctx, id: string): Promise<OwnReservation> {
  requireCheckedUser(ctx)
  const { itemId, reservation } = await findReservation(ctx, id)
  // A ticket of a raffle lets nobody in.
  if (!isTicketType(itemId)) throw notFound('admission')
  return { ...reservation, itemId }
}

/** One trip: the event with its type, the names, and who is in. */
async function describeAdmissions(
  ctx: Ctx,
  reservation: OwnReservation,
  numbers: number[],
): Promise<OwnAdmission[]> {
  const isItsType = eq(ticketTypes.id, reservation.itemId)
  const [[type], [event], named, scanned] = await ctx.db.batch([
    ctx.db.select().from(ticketTypes).where(isItsType),
    ctx.db
      .select()
      .from(events)
      .where(
        inArray(events.id, ctx.db.select({ id: ticketTypes.eventId }).from(ticketTypes).where(isItsType)),
      ),
    ctx.db
      .select({ number: attendees.number, name: attendees.name })
      .from(attendees)
      .where(
        and(
          eq(attendees.reservationId, reservation.id),
          sql`${attendees.number} IN (SELECT value FROM json_each(${JSON.stringify(numbers)}))`,
        ),
      ),
    selectWhoIsIn(ctx, { ticketTypeId: reservation.itemId, reservationId: reservation.id, numbers }),
  ])
  // Both were written before the pool was made, and a published event is never deleted.
  if (type === undefined || event === undefined) throw notFound('admission')
  const ticketType = { id: type.id, name: type.name }
  const nameOf = new Map(named.map(({ number, name }) => [number, name]))
  const timeOf = new Map(scanned.map(({ number, scannedAt }) => [number, scannedAt]))
  const key = signingKeyFromSeed(ctx.settings.SIGNING_KEY)
  return numbers.map((number) => {
    const attendeeName = nameOf.get(number) ?? null
    const isSold = reservation.state === 'sold'
    const hasCode = isSold && !lacksName(event, attendeeName)
    return {
      reservation,
      event,
      shown: {
        reservationId: reservation.id,
        number,
        ticketType,
        event: presentSummary(event, ctx.now),
        code: hasCode ? codeOf({ reservationId: reservation.id, number }, key) : null,
        onlineUrl: isSold ? event.onlineUrl : null,
        attendeeName,
        checkedInAt: toInstantOrNull(timeOf.get(number)),
      },
    }
  })
}

/** Whether nobody is let in because the event asks for a name that was not given. */
export const lacksName = (
  { attendeeNames }: Pick<EventRow, 'attendeeNames'>,
  attendeeName: string | null,
): boolean => attendeeNames === 'required' && attendeeName === null
