/** Adds a capacity group to an event. If the event is published, its pool gives seats at once. */
import { count, eq, getTableColumns, sql } from 'drizzle-orm'
import { hasChanged, insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { findEventFor } from '../find-event.ts'
import { type CapacityGroupRow, capacityGroups } from '../schema.ts'
import { mustBeOpenToChange } from '../ticket-types/read-type.ts'
import { bringIntoStep, sweepDueAt } from '../ticket-types/step.ts'
import { changedMeanwhile, touch } from '../touch-event.ts'
import { type CapacityGroup, type CreateCapacityGroup, MAX_GROUPS } from './contract.ts'
import { readGroup } from './read-groups.ts'

export async function createCapacityGroup(
  ctx: Ctx,
  eventId: string,
  input: CreateCapacityGroup,
): Promise<CapacityGroup> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  const id = newId('capacityGroup')
  const group: CapacityGroupRow = {
    ...input,
    id,
    pool: poolNameOf(id),
    eventId,
    revision: 1,
    change: null,
    termsVersion: 0,
    dueAt: sweepDueAt(),
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  const [known] = await ctx.db
    .select({ count: count() })
    .from(capacityGroups)
    .where(eq(capacityGroups.eventId, eventId))
  if (known!.count >= MAX_GROUPS)
    throw new Problem('limit_reached', `An event has at most ${MAX_GROUPS} capacity groups.`)
  const values = Object.entries(getTableColumns(capacityGroups)).map(
    ([name, column]) => sql`${sql.param(group[name as keyof CapacityGroupRow], column)}`,
  )
  const [touched] = await ctx.db.batch([
    touch(ctx, event),
    ctx.db.insert(capacityGroups).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${hasChanged}`),
    insertAudit(ctx, {
      action: 'capacity_group.created',
      subject: { kind: 'capacityGroup', id },
      organisationId: event.organisationId,
    }),
  ])
  if (touched.length === 0) throw changedMeanwhile()
  await bringIntoStep(ctx, id)
  return readGroup(ctx, id)
}
