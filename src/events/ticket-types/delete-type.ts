/** Deletes a ticket type of a draft. Once the event is published, people may hold its tickets. */
import { and, eq, sql } from 'drizzle-orm'
import { insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { findEventFor, findType } from '../find-event.ts'
import { events, ticketTypes } from '../schema.ts'

export async function deleteTicketType(ctx: Ctx, eventId: string, typeId: string): Promise<void> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  await findType(ctx, eventId, typeId)
  const isDraft = sql`EXISTS (SELECT 1 FROM ${events} WHERE ${events.id} = ${eventId} AND ${events.status} = 'draft')`
  const remove = ctx.db
    .delete(ticketTypes)
    .where(and(eq(ticketTypes.id, typeId), isDraft))
    .returning({ id: ticketTypes.id })
  const [deleted] = await ctx.db.batch([
    remove,
    insertAudit(ctx, {
      action: 'ticket_type.deleted',
      subject: { kind: 'ticketType', id: typeId },
      organisationId: event.organisationId,
    }),
  ])
  if (deleted.length === 0) {
    throw new Problem(
      'invalid_state',
      'The event is published: a ticket type can no longer be deleted. Set its capacity to the number of sold tickets, or its closesAt to now.',
    )
  }
}
