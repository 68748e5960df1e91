/** Adds a ticket type to an event. If the event is published, its pool sells it at once. */
import { count, eq, getTableColumns, sql } from 'drizzle-orm'
import { hasChanged, insertAudit } from '../../audit/insert-audit.ts'
import type { Ctx } from '../../core/context.ts'
import { Problem } from '../../core/errors.ts'
import { newId } from '../../core/ids.ts'
import { poolNameOf } from '../../tickets/reservation-id.ts'
import { newTypeColumns } from '../columns.ts'
import { type CreateTicketType, MAX_TICKET_TYPES, type TicketType } from '../contract.ts'
import { findEventFor } from '../find-event.ts'
import { type TicketTypeRow, ticketTypes } from '../schema.ts'
import { changedMeanwhile, touch } from '../touch-event.ts'
import { mustBeSellable } from './must-be-sellable.ts'
import { mustBeOpenToChange, readType } from './read-type.ts'
import { bringIntoStep, sweepDueAt } from './step.ts'

export async function createTicketType(
  ctx: Ctx,
  eventId: string,
  input: CreateTicketType,
): Promise<TicketType> {
  const event = await findEventFor(ctx, eventId, 'events:write')
  mustBeOpenToChange(event, ctx.now)
  const id = newId('ticketType')
  const type: TicketTypeRow = {
    ...newTypeColumns(input),
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
  await mustBeSellable(ctx, event, type)
  const known = await ctx.db
    .select({ count: count() })
    .from(ticketTypes)
    .where(eq(ticketTypes.eventId, eventId))
  if (known[0]!.count >= MAX_TICKET_TYPES) {
    throw new Problem('limit_reached', `An event has at most ${MAX_TICKET_TYPES} ticket types.`)
  }
  const values = Object.entries(getTableColumns(ticketTypes)).map(
    ([name, column]) => sql`${sql.param(type[name as keyof TicketTypeRow], column)}`,
  )
  const [touched] = await ctx.db.batch([
    touch(ctx, event),
    ctx.db.insert(ticketTypes).select(sql`SELECT ${sql.join(values, sql`, `)} WHERE ${hasChanged}`),
    insertAudit(ctx, {
      action: 'ticket_type.created',
      subject: { kind: 'ticketType', id },
      organisationId: event.organisationId,
    }),
  ])
  if (touched.length === 0) throw changedMeanwhile()
  await bringIntoStep(ctx, id)
  return readType(ctx, event, id)
}
