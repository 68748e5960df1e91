/** Changes a capacity group: freely in a draft, then as far as its held and sold seats allow it. */
import { and, eq, isNull } from 'drizzle-orm'
import { fieldsOf, hasChanged, insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { findEventFor, findGroup } from '../find-event.ts'
import { capacityGroups } from '../schema.ts'
import { mustBeOpenToChange } from '../ticket-types/read-type.ts'
import { bringIntoStep, sweepDueAt } from '../ticket-types/step.ts'
import { changedMeanwhile, touch } from '../touch-event.ts'
import type { CapacityGroup, UpdateCapacityGroup } from './contract.ts'
import { readGroup } from './read-groups.ts'

export async function updateCapacityGroup(
  ctx: Ctx,
  eventId: string,
  groupId: string,
  input: UpdateCapacityGroup,
): Promise<CapacityGroup> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  const group = await findGroup(ctx, eventId, groupId)
  const update = ctx.db
    .update(capacityGroups)
    .set({
      ...(event.status === 'published' ? { change: input } : input),
      dueAt: sweepDueAt(),
      revision: group.revision + 1,
      updatedAt: ctx.now,
    })
    .where(
      and(
        eq(capacityGroups.id, groupId),
        eq(capacityGroups.revision, group.revision),
        isNull(capacityGroups.change),
        hasChanged,
      ),
    )
    .returning({ id: capacityGroups.id })
  const [, changed] = await ctx.db.batch([
    touch(ctx, event),
    update,
    insertAudit(ctx, {
      action: 'capacity_group.updated',
      subject: { kind: 'capacityGroup', id: groupId },
      organisationId: event.organisationId,
      fields: fieldsOf(input),
    }),
  ])
  if (changed.length === 0) throw changedMeanwhile()
  await bringIntoStep(ctx, groupId)
  return readGroup(ctx, groupId)
}
