/** Reads one ticket type, and checks whether an event still takes changes. */
import type { Ctx } from '../../core/context.ts'
import { notFound, Problem } from '../../core/errors.ts'
import type { TicketType } from '../contract.ts'
import { typesOf } from '../find-event.ts'
import { statusAt } from '../life-cycle.ts'
import { presentType } from '../present.ts'
import type { EventRow } from '../schema.ts'

export async function readType(ctx: Ctx, event: EventRow, typeId: string): Promise<TicketType> {
  const found = (await typesOf(ctx, [event.id])).find(({ type }) => type.id === typeId)
  if (found === undefined) throw notFound('ticket type')
  return presentType(found, event, ctx.now)
}

/** Nothing of an event that is cancelled or over changes. */
export function mustBeOpenToChange(event: EventRow, now: number): void {
  const status = statusAt(event, now)
  if (status === 'cancelled' || status === 'over')
    throw new Problem('invalid_state', `This event is ${status}: it can no longer change.`)
}
