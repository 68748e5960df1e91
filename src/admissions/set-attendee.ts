/** The holder says who comes with a ticket, until the ticket is checked in. */
import { sql } from 'drizzle-orm'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { fold } from '../core/fold.ts'
import type { Admission } from './contract.ts'
import { findAdmission } from './own-admissions.ts'
import { attendees, COUNTS, checkIns } from './schema.ts'

export async function setAttendee(
  ctx: Ctx,
  id: string,
  number: number,
  attendeeName: string,
): Promise<Admission> {
  const { reservation, event, shown } = await findAdmission(ctx, id, number)
  if (event.attendeeNames === 'none')
    throw new Problem('invalid_state', 'This event does not ask who comes with a ticket.')
  if (reservation.state !== 'sold' && reservation.state !== 'held')
    throw new Problem('invalid_state', `This ticket is ${reservation.state}.`)
  // Race: the ticket may be checked in at this moment. Then the name that was shown at the door must stay.
  const isOutside = sql`NOT EXISTS (
    SELECT 1 FROM ${checkIns} WHERE ${checkIns.ticketTypeId} = ${shown.ticketType.id} AND ${checkIns.number} = ${number}
      AND ${checkIns.reservationId} = ${id} AND ${COUNTS})`
  const written = await ctx.db
    .insert(attendees)
    .select(
      sql`SELECT ${id}, ${number}, ${attendeeName}, ${fold(attendeeName)}, ${ctx.now} WHERE ${isOutside}`,
    )
    .onConflictDoUpdate({
      target: [attendees.reservationId, attendees.number],
      set: { name: sql`excluded.name`, folded: sql`excluded.folded`, updatedAt: sql`excluded.updated_at` },
    })
    .returning({ name: attendees.name })
  if (written.length === 0)
    throw new Problem('invalid_state', 'This ticket is checked in: its name can no longer change.')
  return (await findAdmission(ctx, id, number)).shown
}
