/** Deletes a draft with its ticket types and capacity groups. A published event can only be cancelled, because people may hold its tickets. */
import { and, eq, sql } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import { findEventFor } from './find-event.ts'
import { capacityGroups, events, ticketTypes } from './schema.ts'

export async function deleteEvent(ctx: Ctx, id: string): Promise<void> {
  const event = await findEventFor(ctx, id, 'events:write')
  const isDraft = sql`EXISTS (SELECT 1 FROM ${events} WHERE ${events.id} = ${id} AND ${events.status} = 'draft')`
  const [, , deleted] = await ctx.db.batch([
    ctx.db.delete(capacityGroups).where(and(eq(capacityGroups.eventId, id), isDraft)),
    ctx.db.delete(ticketTypes).where(and(eq(ticketTypes.eventId, id), isDraft)),
    ctx.db
      .delete(events)
      .where(and(eq(events.id, id), eq(events.status, 'draft')))
      .returning({ id: events.id }),
    insertAudit(ctx, {
      action: 'event.deleted',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
    }),
  ])
  if (deleted.length === 0)
    throw new Problem('invalid_state', 'Only a draft can be deleted; cancel this event instead.')
}
