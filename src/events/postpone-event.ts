/** Moves a published event to a later time. The time that it was published with is kept beside the new one. */
import { eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { invalid, Problem } from '../core/errors.ts'
import type { Event, PostponeEvent } from './contract.ts'
import { findEventFor } from './find-event.ts'
import { readEvent } from './read-event.ts'
import { ticketTypes } from './schema.ts'
import { mustBeOpenToChange } from './ticket-types/read-type.ts'
import { bringAllIntoStep, sweepDueAt } from './ticket-types/step.ts'
import { changedMeanwhile, guardedUpdate } from './touch-event.ts'

export async function postponeEvent(
  ctx: Ctx,
  id: string,
  { startsAt, endsAt, reason }: PostponeEvent,
): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:write')
  if (event.status === 'draft') throw new Problem('invalid_state', 'This event is a draft: change its times.')
  mustBeOpenToChange(event, ctx.now)
  if (startsAt <= event.startsAt) throw invalid('startsAt', 'must come after the present start of the event')
  const [changed] = await ctx.db.batch([
    guardedUpdate(ctx, event, {
      startsAt,
      endsAt,
      firstStartsAt: event.firstStartsAt ?? event.startsAt,
      firstEndsAt: event.firstEndsAt ?? event.endsAt,
      postponedAt: ctx.now,
      postponeReason: reason,
    }),
    insertAudit(ctx, {
      action: 'event.postponed',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
    }),
    // A sale without a closing time of its own ends with the event.
    ctx.db.update(ticketTypes).set({ dueAt: sweepDueAt() }).where(eq(ticketTypes.eventId, id)),
  ])
  if (changed.length === 0) throw changedMeanwhile()
  await bringAllIntoStep(ctx, id)
  return readEvent(ctx, id)
}
