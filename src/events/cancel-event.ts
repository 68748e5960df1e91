/** Cancels a published event: nothing more is sold, and everybody who paid gets the money back. */
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { Problem } from '../core/errors.ts'
import type { Event } from './contract.ts'
import { findEventFor } from './find-event.ts'
import { statusAt } from './life-cycle.ts'
import { readEvent } from './read-event.ts'
import { bringAllIntoStep, makeAllDue } from './ticket-types/step.ts'
import { changedMeanwhile, guardedUpdate } from './touch-event.ts'

/** The status changes first. If the process dies after that, the sweep cancels the pools and starts the refunds. */
export async function cancelEvent(ctx: Ctx, id: string, reason: string): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:cancel')
  const status = statusAt(event, ctx.now)
  if (status === 'draft') throw new Problem('invalid_state', 'A draft is deleted, not cancelled.')
  if (status === 'cancelled' || status === 'over')
    throw new Problem('invalid_state', `This event is ${status} already.`)
  const [cancelled] = await ctx.db.batch([
    guardedUpdate(ctx, event, { status: 'cancelled', cancelledAt: ctx.now, cancelReason: reason }),
    insertAudit(ctx, {
      action: 'event.cancelled',
      subject: { kind: 'event', id },
      organisationId: event.organisationId,
    }),
    ...makeAllDue(ctx, id),
  ])
  if (cancelled.length === 0) throw changedMeanwhile()
  await bringAllIntoStep(ctx, id)
  return readEvent(ctx, id)
}
