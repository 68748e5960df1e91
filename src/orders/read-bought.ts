/** What the mail about a paid order says beside its data: the events that it admits to. Read when the mail is sent. */
import { and, asc, eq } from 'drizzle-orm'
import type { MailFacts } from '../accounts/mail/kinds.ts'
import type { MailOf } from '../accounts/mail/reads.ts'
import type { Ctx } from '../core/context.ts'
import { events, ticketTypes } from '../events/schema.ts'
import { orderLines } from './schema.ts'

/** Empty if nothing admits to an event, or if the event was cancelled meanwhile: another mail says so. */
export async function readBought(
  ctx: Ctx,
  { subject: orderId }: MailOf<'order_paid'>,
): Promise<MailFacts['order_paid']> {
  const rows = await ctx.db
    .selectDistinct({
      title: events.title,
      startsAt: events.startsAt,
      timeZone: events.timeZone,
      venue: events.venue,
      address: events.address,
      city: events.city,
      attendeeNames: events.attendeeNames,
    })
    .from(orderLines)
    .innerJoin(ticketTypes, eq(ticketTypes.id, orderLines.itemId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(
      and(eq(orderLines.orderId, orderId), eq(orderLines.state, 'issued'), eq(events.status, 'published')),
    )
    .orderBy(asc(events.startsAt), asc(events.id))
  return {
    events: rows.map(({ title, startsAt, timeZone, venue, address, city, attendeeNames }) => ({
      title,
      startsAt,
      timeZone,
      place: venue === null ? null : [venue, address, city].filter((part) => part !== null).join(', '),
      needsNames: attendeeNames === 'required',
    })),
  }
}
