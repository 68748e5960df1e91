/**
 * Brings a ticket type's pool and its row into step. The row says what is wanted, before the pool is called: so a repeat
 * or the sweep finishes what a crash left. The pool decides, because only it knows what is held or sold: a change that it
 * refuses is dropped.
 */
import { and, asc, eq, sql } from 'drizzle-orm'
import type { Ctx } from '../../core/context.ts'
import { withRetry } from '../../core/database.ts'
import { Problem } from '../../core/errors.ts'
import { MINUTE_MS } from '../../core/time.ts'
import { refundRuns } from '../../money/schema.ts'
import { askPool, orThrow } from '../../tickets/client.ts'
import { startCancelledNotice } from '../notices/start-notices.ts'
import { type EventRow, events, type TicketTypeRow, ticketTypes } from '../schema.ts'
import { termsOf } from './terms.ts'

/** When the sweep takes over a change that is made now (ms since 1970). */
export const sweepDueAt = (): number => Date.now() + MINUTE_MS

/** Throws a Problem if the pool refuses the change that the row wants. */
export async function bringIntoStep(ctx: Ctx, typeId: string): Promise<void> {
  // Nobody waits longer for a call of a pool, so a later one does not count: see `endSale`.
  const until = Date.now() + MINUTE_MS
  const found = await ctx.db
    .select({ event: events, type: ticketTypes })
    .from(ticketTypes)
    .innerJoin(events, eq(events.id, ticketTypes.eventId))
    .where(eq(ticketTypes.id, typeId))
    .get()
  // A deleted ticket type was never on sale.
  if (found === undefined) return
  const { event, type } = found
  if (event.status === 'draft') await settle(ctx, type, {})
  else if (event.status === 'cancelled') await endSale(ctx, event, type)
  else await offer(ctx, event, type, until)
}

async function offer(ctx: Ctx, event: EventRow, type: TicketTypeRow, until: number): Promise<void> {
  const terms = termsOf(event, { ...type, ...type.change }, ctx.settings.HOLD_SECONDS)
  const outcome = await askPool(ctx, type.pool, async (pool) => {
    const version = (await pool.state())?.termsVersion ?? 0
    return pool.configure(type.id, version + 1, terms, until)
  })
  if (outcome.ok) {
    await settle(ctx, type, { ...type.change, termsVersion: outcome.version })
    return
  }
  if (outcome.code === 'conflict') {
    // Another change of this moment came first.
    await makeDue(ctx, type.id)
    throw new Problem(outcome.code, outcome.detail)
  }
  await settle(ctx, type, {})
  throw new Problem(outcome.code, outcome.detail)
}

const makeDue = (ctx: Ctx, id: string, dueAt = ctx.now) =>
  ctx.db.update(ticketTypes).set({ dueAt }).where(eq(ticketTypes.id, id))

/** Writes what the pool has accepted. If the row has changed since it was read, the pool may have old terms: it is due again. */
async function settle(
  ctx: Ctx,
  { id, revision }: TicketTypeRow,
  accepted: Partial<TicketTypeRow>,
): Promise<void> {
  const settled = await withRetry(() =>
    ctx.db
      .update(ticketTypes)
      .set({
        ...accepted,
        change: null,
        dueAt: null,
        revision: sql`${ticketTypes.revision} + 1`,
        updatedAt: ctx.now,
      })
      .where(and(eq(ticketTypes.id, id), eq(ticketTypes.revision, revision)))
      .returning({ id: ticketTypes.id }),
  )
  if (settled.length === 0) await makeDue(ctx, id)
}

/** Cancels the pool, and starts the refunds of its paid orders. */
async function endSale(ctx: Ctx, event: EventRow, type: TicketTypeRow): Promise<void> {
  const reason = event.cancelReason!
  const cancelled = await askPool(ctx, type.pool, (pool) => pool.cancel('operator', reason))
  // A pool without terms has sold nothing.
  const wasOnSale = cancelled.ok || cancelled.code !== 'not_found'
  if (wasOnSale) orThrow(cancelled)
  // A call that gives the pool its first terms may still be under way. The sweep asks again once none can come.
  else if (Date.now() < event.cancelledAt! + 2 * MINUTE_MS) {
    await makeDue(ctx, type.id, sweepDueAt())
    return
  }
  const done = ctx.db
    .update(ticketTypes)
    .set({ change: null, dueAt: null, revision: sql`${ticketTypes.revision} + 1`, updatedAt: ctx.now })
    .where(eq(ticketTypes.id, type.id))
  const refundAll = ctx.db
    .insert(refundRuns)
    .values({ itemId: type.id, reason, startedAt: ctx.now })
    .onConflictDoNothing()
  const tellAll = startCancelledNotice(ctx, event, type.id)
  await withRetry(() => ctx.db.batch([done, ...(wasOnSale ? [refundAll, tellAll] : [])]))
}

/** The ticket types of an event one after the other. What is left after a failure is done by the sweep. */
export async function bringAllIntoStep(ctx: Ctx, eventId: string): Promise<void> {
  const types = await ctx.db
    .select({ id: ticketTypes.id })
    .from(ticketTypes)
    .where(eq(ticketTypes.eventId, eventId))
    .orderBy(asc(ticketTypes.id))
  for (const { id } of types) await bringIntoStep(ctx, id)
}
