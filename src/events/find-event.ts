/** Reads events with their organisation, and ticket types with the projected rows of their pools. */
import { and, eq, sql } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { hasPermission, type Permission, requirePermission } from '../accounts/permissions.ts'
import { type OrganisationRow, organisations } from '../accounts/schema.ts'
import type { Ctx } from '../core/context.ts'
import { notFound } from '../core/errors.ts'
import { isSlug } from '../core/slug.ts'
import { pools } from '../tickets/schema.ts'
import {
  type CapacityGroupRow,
  capacityGroups,
  type EventRow,
  events,
  type TicketTypeRow,
  ticketTypes,
} from './schema.ts'

export interface FoundEvent {
  event: EventRow
  organisation: Pick<OrganisationRow, 'id' | 'slug' | 'name'>
}

export interface FoundType {
  type: TicketTypeRow
  /** Null: its pool has no terms yet. */
  pool: { sold: number; held: number; waiting: number; cancelled: boolean } | null
  /** Its capacity group; null: none. */
  group: FoundGroup | null
}

export interface FoundGroup {
  group: Pick<CapacityGroupRow, 'capacity' | 'termsVersion'>
  pool: { sold: number; held: number } | null
}

const groupPools = alias(pools, 'group_pools')

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
      group: { capacity: capacityGroups.capacity, termsVersion: capacityGroups.termsVersion },
      groupPool: { sold: groupPools.sold, held: groupPools.held, seatTypes: groupPools.seatTypes },
    })
    .from(ticketTypes)
    .leftJoin(pools, eq(pools.pool, ticketTypes.pool))
    .leftJoin(capacityGroups, eq(capacityGroups.id, ticketTypes.capacityGroupId))
    .leftJoin(groupPools, eq(groupPools.pool, capacityGroups.pool))
    .where(sql`${ticketTypes.eventId} IN (SELECT value FROM json_each(${JSON.stringify(eventIds)}))`)

  // Few rows, so no index needs to have them in order.
  rows.sort(({ type: a }, { type: b }) => a.position - b.position || (a.id < b.id ? -1 : 1))
  return rows.map(({ type, pool, group: ofType, groupPool }) => {
    const group = ofType && { group: ofType, pool: groupPool }
    if (pool === null) return { type, pool, group }
    // A group keeps the waiting list of its types, and offers seats for them.
    const { waiting, offered } = groupPool?.seatTypes?.[type.pool] ?? { waiting: 0, offered: 0 }
    const { cancellation, sold } = pool
    const counts = { sold, held: pool.held + offered, waiting: pool.waiting + waiting }
    return { type, pool: { ...counts, cancelled: cancellation !== null }, group }
  })
}

export async function findEvent(ctx: Ctx, idOrSlug: string): Promise<FoundEvent> {
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

/** A capacity group of this event. */
export async function findGroup(ctx: Ctx, eventId: string, groupId: string): Promise<CapacityGroupRow> {
  const group = await ctx.db
    .select()
    .from(capacityGroups)
    .where(and(eq(capacityGroups.id, groupId), eq(capacityGroups.eventId, eventId)))
    .get()
  if (group === undefined) throw notFound('capacity group')
  return group
}
