/** Changes a ticket type: freely in a draft, then as far as its pool's held and sold tickets allow it. */
import { and, eq, isNull } from 'drizzle-orm'
import { fieldsOf, hasChanged, insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { typeColumns } from '../columns.ts'
import type { TicketType, UpdateTicketType } from '../contract.ts'
import { findEventFor, findType } from '../find-event.ts'
import { ticketTypes } from '../schema.ts'
import { changedMeanwhile, touch } from '../touch-event.ts'
import { mustBeSellable } from './must-be-sellable.ts'
import { mustBeOpenToChange, readType } from './read-type.ts'
import { bringIntoStep, sweepDueAt } from './step.ts'

export async function updateTicketType(
  ctx: Ctx,
  eventId: string,
  typeId: string,
  input: UpdateTicketType,
): Promise<TicketType> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  const type = await findType(ctx, eventId, typeId)
  const columns = typeColumns(input)
  await mustBeSellable(ctx, event, { ...type, ...columns })
  const isOnSale = event.status === 'published'
  const update = ctx.db
    .update(ticketTypes)
    .set({
      ...(isOnSale ? { change: columns } : columns),
      dueAt: sweepDueAt(),
      revision: type.revision + 1,
      updatedAt: ctx.now,
    })
    .where(
      and(
        eq(ticketTypes.id, typeId),
        eq(ticketTypes.revision, type.revision),
        isNull(ticketTypes.change),
        hasChanged,
      ),
    )
    .returning({ id: ticketTypes.id })
  const [, changed] = await ctx.db.batch([
    touch(ctx, event),
    update,
    insertAudit(ctx, {
      action: 'ticket_type.updated',
      subject: { kind: 'ticketType', id: typeId },
      organisationId: event.organisationId,
      fields: fieldsOf(input),
    }),
  ])
  if (changed.length === 0) throw changedMeanwhile()
  await bringIntoStep(ctx, typeId)
  return readType(ctx, event, typeId)
}
