/** Projects all pools of an event to the database again, after the database was restored to an earlier time. */
import { eq, sql } from 'drizzle-orm'
import { requireAdmin } from '../accounts/permissions.ts'
import { insertAudit } from '../audit/insert-audit.ts'
import type { Ctx } from '../core/context.ts'
import { askPool } from '../tickets/client.ts'
import type { PoolState } from '../tickets/pool-contract.ts'
import { saleTermsOf } from '../tickets/terms.ts'
import type { Event } from './contract.ts'
import { findEvent } from './find-event.ts'
import { readEvent } from './read-event.ts'
import {
  type CapacityGroupRow,
  capacityGroups,
  type EventRow,
  events,
  type TicketTypeRow,
  ticketTypes,
} from './schema.ts'
import { makeAllDue } from './ticket-types/step.ts'

/**
 * Bounded by the event's pools and their sizes. Idempotent: after a crash, a repeat projects the same rows again. The pool
 * is right about what it has sold under, so its row follows it: else the sweep would take a capacity back that was raised.
 */
export async function rebuildEvent(ctx: Ctx, id: string): Promise<Event> {
  await requireAdmin(ctx)
  const { event } = await findEvent(ctx, id)
  const [groups, types] = await ctx.db.batch([
    ctx.db.select().from(capacityGroups).where(eq(capacityGroups.eventId, id)),
    ctx.db.select().from(ticketTypes).where(eq(ticketTypes.eventId, id)),
  ])
  const states: (PoolState | null)[] = []
  for (const group of groups) states.push(await rebuildGroup(ctx, group))
  for (const type of types) states.push(await rebuildType(ctx, type))
  await followLife(ctx, event, states)
  // A row each time. A crash before it loses only that.
  await insertAudit(
    ctx,
    { action: 'event.rebuilt', subject: { kind: 'event', id }, organisationId: event.organisationId },
    sql`true`,
  )
  return readEvent(ctx, id)
}

async function rebuildPool(ctx: Ctx, pool: string): Promise<PoolState | null> {
  await askPool(ctx, pool, (stub) => stub.rebuild())
  return askPool(ctx, pool, (stub) => stub.state())
}

async function rebuildGroup(ctx: Ctx, { id, pool }: CapacityGroupRow): Promise<PoolState | null> {
  const state = await rebuildPool(ctx, pool)
  // It was never on sale.
  if (state === null) return null
  await ctx.db
    .update(capacityGroups)
    .set({ capacity: state.total, ...follow(state, ctx.now) })
    .where(eq(capacityGroups.id, id))
  return state
}

async function rebuildType(ctx: Ctx, { id, pool }: TicketTypeRow): Promise<PoolState | null> {
  const state = await rebuildPool(ctx, pool)
  if (state === null) return null
  const { unitAmount, currency, maxPerUser, groupId } = saleTermsOf(state.terms)
  await ctx.db
    .update(ticketTypes)
    .set({
      capacity: state.total,
      priceAmount: unitAmount,
      priceCurrency: currency,
      maxPerUser,
      capacityGroupId: groupId,
      ...follow(state, ctx.now),
    })
    .where(eq(ticketTypes.id, id))
  return state
}

/** The event may have been published or cancelled since: its pools know. The sweep then starts what follows from that. */
async function followLife(ctx: Ctx, event: EventRow, states: readonly (PoolState | null)[]): Promise<void> {
  const cancellation = states.find((state) => state !== null && state.cancellation !== null)?.cancellation
  const wasPublished = states.some((state) => state !== null)
  if (!wasPublished || event.status === 'cancelled') return
  if (event.status === 'published' && cancellation == null) return
  await ctx.db.batch([
    ctx.db
      .update(events)
      .set({
        publishedAt: event.publishedAt ?? ctx.now,
        ...(cancellation == null
          ? { status: 'published' as const }
          : {
              status: 'cancelled' as const,
              cancelledAt: cancellation.at,
              cancelReason: cancellation.reason,
            }),
        revision: sql`${events.revision} + 1`,
        updatedAt: ctx.now,
      })
      .where(eq(events.id, event.id)),
    ...makeAllDue(ctx, event.id),
  ])
}

const follow = ({ termsVersion }: PoolState, now: number) => ({
  termsVersion,
  change: null,
  revision: sql`revision + 1`,
  updatedAt: now,
})
