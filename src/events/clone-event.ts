/** Copies an event with its ticket types into a new draft at another time. Sale times of its own are not copied. */
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { fold } from '../core/fold.ts'
import { newId } from '../core/ids.ts'
import { poolNameOf } from '../tickets/reservation-id.ts'
import type { CloneEvent, Event } from './contract.ts'
import { slugOf } from './create-event.ts'
import { findEventFor, typesOf } from './find-event.ts'
import { readEvent } from './read-event.ts'
import { events, ticketTypes } from './schema.ts'

/** A statement takes at most a hundred parameters. */
const TYPES_A_STATEMENT = 4

export async function cloneEvent(
  ctx: Ctx,
  id: string,
  { title, startsAt, endsAt }: CloneEvent,
): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:write')
  const types = await typesOf(ctx, [id])
  const copyId = newId('event')
  const copyTitle = title ?? event.title
  const copy = {
    ...event,
    id: copyId,
    title: copyTitle,
    folded: fold(copyTitle),
    slug: await slugOf(copyTitle, copyId),
    status: 'draft' as const,
    revision: 1,
    startsAt,
    endsAt,
    firstStartsAt: null,
    firstEndsAt: null,
    postponedAt: null,
    postponeReason: null,
    refundUntil: null,
    publishedAt: null,
    cancelledAt: null,
    cancelReason: null,
    settledAt: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  const copies = types.map(({ type }) => {
    const typeId = newId('ticketType')
    return {
      ...type,
      id: typeId,
      pool: poolNameOf(typeId),
      eventId: copyId,
      opensAt: null,
      closesAt: null,
      revision: 1,
      change: null,
      termsVersion: 0,
      dueAt: null,
      createdAt: ctx.now,
      updatedAt: ctx.now,
    }
  })
  const pages = Array.from({ length: Math.ceil(copies.length / TYPES_A_STATEMENT) }, (_, at) =>
    copies.slice(at * TYPES_A_STATEMENT, (at + 1) * TYPES_A_STATEMENT),
  )
  await ctx.db.batch([
    ctx.db.insert(events).values(copy),
    insertAudit(ctx, {
      action: 'event.created',
      subject: { kind: 'event', id: copyId },
      organisationId: event.organisationId,
    }),
    ...pages.map((page) => ctx.db.insert(ticketTypes).values(page)),
  ])
  return readEvent(ctx, copyId)
}
