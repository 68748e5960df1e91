/** What the mail of an offer says beside its data. Read when it is sent: the offer may have ended meanwhile. */
import { and, eq, gt, sql } from 'drizzle-orm'
import type { MailFacts } from '../../accounts/mail/kinds.ts'
import type { MailOf } from '../../accounts/mail/reads.ts'
import type { Ctx } from '../../core/context.ts'
import { reservations } from '../../tickets/schema.ts'
import { events, ticketTypes } from '../schema.ts'

/**
 * Undefined if the tickets are no longer kept: bought, declined, lapsed, or the event is cancelled. The status of the event
 * changes before its pools do, so it is asked too.
 */
export const readKept = (
  ctx: Ctx,
  { subject, userId, data }: MailOf<'tickets_offered'>,
): Promise<MailFacts['tickets_offered'] | undefined> =>
  ctx.db
    .select({ timeZone: events.timeZone })
    .from(reservations)
    .innerJoin(ticketTypes, eq(ticketTypes.id, data.ticketTypeId))
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(
      and(
        // Seats of a capacity group are kept for a `waitKey`.
        sql`${reservations.holder} IN (${userId}, ${userId} || ':' || ${ticketTypes.pool})`,
        eq(reservations.id, subject),
        eq(reservations.state, 'held'),
        gt(reservations.heldUntil, ctx.now),
        eq(events.status, 'published'),
      ),
    )
    .get()
