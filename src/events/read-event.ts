/** Reads one event, by its id or slug, with its ticket types: a draft for members who may edit it, any other event for everybody. */
import type { Ctx } from '../core/context.ts'
import type { Event } from './contract.ts'
import { findEventForReader, typesOf } from './find-event.ts'
import { presentEvent } from './present.ts'

export async function readEvent(ctx: Ctx, idOrSlug: string): Promise<Event> {
  const { isMember, ...found } = await findEventForReader(ctx, idOrSlug)
  const types = await typesOf(ctx, [found.event.id])
  return presentEvent(found, types, { isMember, now: ctx.now })
}

/** The counts of a moment ago, from the projected rows, so that spectators never reach the pools. */
export async function readEventAvailability(ctx: Ctx, id: string) {
  const { ticketTypes } = await readEvent(ctx, id)
  return {
    ticketTypes: ticketTypes.map(({ id, capacity, sold, held, available, sale }) => ({
      id,
      capacity,
      sold,
      held,
      available,
      sale,
    })),
  }
}
