/** Reads events with their organisation, and ticket types with the projected rows of their pools. */
import { and, eq, sql } from 'drizzle-orm'
import { hasPermission, type Permission, requirePermission } from '../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { isSlug } from '../core/slug.ts'
import { pools } from '../tickets/schema.ts'
import { type EventRow, events, type TicketTypeRow, ticketTypes } from './schema.ts'

export interface FoundEvent {
  event: EventRow
  organisation: Pick<OrganisationRow, 'id' | 'slug' | 'name'>
}

export interface FoundType {
  type: TicketTypeRow
  /** Null: its pool has no terms yet. */
  pool: { sold: number; held: number; waiting: number; cancelled: boolean } | null
}

/** Events, each with its organisation; the caller adds the conditions. */
export const selectEvents = (ctx: Ctx) =>
  ctx.db
    .select({
      event: events,
      organisation: { id: organisations.id, slug: organisations.slug, name: organisations.name },
    })
    .from(events)
    .innerJoin(organisations, eq(organisations.id, events.organisationId))

/** The ticket types of these events, in the organiser's order. */
export async function typesOf(ctx: Ctx, eventIds: string[]): Promise<FoundType[]> {
  const rows = await ctx.db
    .select({
      type: ticketTypes,
      pool: {
        sold: pools.sold,
        held: pools.held,
        waiting: pools.waiting,
        cancellation: pools.cancellation,
      },
    })
    .from(ticketTypes)
    .leftJoin(pools, eq(pools.pool, ticketTypes.pool))
    .where(sql`${ticketTypes.eventId} IN (SELECT value FROM json_each(${JSON.stringify(eventIds)}))`)

  // Few rows, so no index needs to have them in order.
  rows.sort(({ type: a }, { type: b }) => a.position - b.position || (a.id < b.id ? -1 : 1))
  return rows.map(({ type, pool }) => {
    if (pool === null) return { type, pool }
    const { cancellation, ...counts } = pool
    return { type, pool: { ...counts, cancelled: cancellation !== null } }
  })
}

async function findEvent(ctx: Ctx, idOrSlug: string): Promise<FoundEvent> {
  const { id, slug } = events
  const found = await selectEvents(ctx)
    .where(eq(isSlug(idOrSlug) ? slug : id, idOrSlug))
    .get()
  if (found === undefined) throw notFound('event')
  return found
}

/** Only members who may edit it see a draft; for everyone else it does not exist. `isMember`: the reader may edit it. */
export async function findEventForReader(
  ctx: Ctx,
  idOrSlug: string,
): Promise<FoundEvent & { isMember: boolean }> {
  const found = await findEvent(ctx, idOrSlug)
  const isMember = await hasPermission(ctx, found.event.organisationId, 'events:write')
  if (found.event.status === 'draft' && !isMember) throw notFound('event')
  return { ...found, isMember }
}

/** An event for members with `permission`. Throws `not_found` for non-members and `forbidden` for other members. */
export async function findEventFor(ctx: Ctx, id: string, permission: Permission): Promise<EventRow> {
  const { event } = await findEvent(ctx, id)
  await requirePermission(ctx, event.organisationId, permission, 'event')
  return event
}

/** A ticket type of this event. */
export async function findType(ctx: Ctx, eventId: string, typeId: string): Promise<TicketTypeRow> {
  const type = await ctx.db
    .select()
    .from(ticketTypes)
    .where(and(eq(ticketTypes.id, typeId), eq(ticketTypes.eventId, eventId)))
    .get()
  if (type === undefined) throw notFound('ticket type')
  return type
}
