/** Deletes a capacity group that no ticket type names. Then nobody has a seat of it, and nobody can get one. */
import { and, eq, sql } from 'drizzle-orm'
import { hasChanged, insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { findEventFor, findGroup } from '../find-event.ts'
import { capacityGroups, ticketTypes } from '../schema.ts'
import { mustBeOpenToChange } from '../ticket-types/read-type.ts'
import { changedMeanwhile, touch } from '../touch-event.ts'

export async function deleteCapacityGroup(ctx: Ctx, eventId: string, groupId: string): Promise<void> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  await findGroup(ctx, eventId, groupId)
  // A change of a ticket type touches the event too, so that no type begins to name the group at this moment.
  const isNamed = sql`EXISTS (SELECT 1 FROM ${ticketTypes} WHERE ${ticketTypes.eventId} = ${eventId}
    AND (${ticketTypes.capacityGroupId} = ${groupId} OR ${ticketTypes.change}->>'capacityGroupId' = ${groupId}))`
  const remove = ctx.db
    .delete(capacityGroups)
    .where(and(hasChanged, eq(capacityGroups.id, groupId), sql`NOT ${isNamed}`))
    .returning({ id: capacityGroups.id })
  const [touched, deleted] = await ctx.db.batch([
    touch(ctx, event),
    remove,
    insertAudit(ctx, {
      action: 'capacity_group.deleted',
      subject: { kind: 'capacityGroup', id: groupId },
      organisationId: event.organisationId,
    }),
  ])
  if (touched.length === 0) throw changedMeanwhile()
  if (deleted.length === 0)
    throw new Problem('invalid_state', 'A ticket type is in this capacity group: take it out first.')
}
