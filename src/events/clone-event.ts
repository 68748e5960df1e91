/**
 * Copies an event with its ticket types and capacity groups into a new draft at another time. The sale times move with the
 * start. What publication filled in from the organisation is empty again, so that the copy takes what holds when it is published.
 */
import { eq } from 'drizzle-orm'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { newId } from '../core/ids.ts'
import { poolNameOf } from '../tickets/reservation-id.ts'
import { mustBeAhead } from './columns.ts'
import type { CloneEvent, Event } from './contract.ts'
import { slugOf } from './create-event.ts'
import { findEventFor, typesOf } from './find-event.ts'
import { foldEvent } from './folded-event.ts'
import { readEvent } from './read-event.ts'
import { capacityGroups, events, type TicketTypeRow, ticketTypes } from './schema.ts'

/** A statement takes at most a hundred parameters. */
const TYPES_A_STATEMENT = 4

export async function cloneEvent(
  ctx: Ctx,
  id: string,
  { title, startsAt, endsAt }: CloneEvent,
): Promise<Event> {
  const event = await findEventFor(ctx, id, 'events:write')
  mustBeAhead(ctx, endsAt)
  const types = await typesOf(ctx, [id])
  const copyId = newId('event')
  const copyTitle = title ?? event.title
  const copy = {
    ...event,
    id: copyId,
    title: copyTitle,
    folded: foldEvent({ ...event, title: copyTitle }),
    slug: await slugOf(copyTitle, copyId),
    status: 'draft' as const,
    revision: 1,
    startsAt,
    endsAt,
    providers: event.filledIn.includes('providers') ? [] : event.providers,
    countries: event.filledIn.includes('countries') ? null : event.countries,
    filledIn: [],
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
  const groups = await ctx.db.select().from(capacityGroups).where(eq(capacityGroups.eventId, id))
  const fresh = {
    eventId: copyId,
    revision: 1,
    change: null,
    termsVersion: 0,
    dueAt: null,
    createdAt: ctx.now,
    updatedAt: ctx.now,
  }
  const groupCopies = groups.map(({ id: _, ...group }) => {
    const groupId = newId('capacityGroup')
    return { ...group, ...fresh, id: groupId, pool: poolNameOf(groupId) }
  })
  const copyOfGroup = new Map(groups.map(({ id: groupId }, at) => [groupId, groupCopies[at]!.id]))
  const copies = types.map(({ type }) => {
    const typeId = newId('ticketType')
    return {
      ...type,
      ...fresh,
      id: typeId,
      pool: poolNameOf(typeId),
      ...movedSale(type, startsAt - event.startsAt, endsAt),
      capacityGroupId: type.capacityGroupId && copyOfGroup.get(type.capacityGroupId)!,
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
    ...groupCopies.map((group) => ctx.db.insert(capacityGroups).values(group)),
    ...pages.map((page) => ctx.db.insert(ticketTypes).values(page)),
  ])
  return readEvent(ctx, copyId)
}

/** A sale that would end after the event has no end of its own. */
function movedSale({ opensAt, closesAt }: TicketTypeRow, byMs: number, endsAt: number) {
  const movedClose = closesAt === null ? null : closesAt + byMs
  return {
    opensAt: opensAt === null ? null : opensAt + byMs,
    closesAt: movedClose === null || movedClose > endsAt ? null : movedClose,
  }
}
