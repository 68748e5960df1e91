/**
 * Brings the pool and the row of a ticket type or a capacity group into step. The row says what is wanted, before the pool is called: so a repeat
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
import { capacityGroups, type EventRow, type TypeColumns, ticketTypes } from '../schema.ts'
import { keepGroupWithin, tellGroup } from './group-step.ts'
import { findPart, type Part } from './parts.ts'

/** When the sweep takes over a change that is made now (ms since 1970). */
export const sweepDueAt = (): number => Date.now() + MINUTE_MS

/** Throws a Problem if the pool refuses the change that the row wants. `id`: of a ticket type or a capacity group. */
export async function bringIntoStep(ctx: Ctx, id: string): Promise<void> {
  // Nobody waits longer for a call of a pool, so a later one does not count: see `endSale`.
  const until = Date.now() + MINUTE_MS
  const found = await findPart(ctx, id)
  // A deleted ticket type was never on sale.
  if (found === undefined) return
  const { event, part } = found
  if (event.status === 'draft') await settle(ctx, part, {})
  else if (event.status === 'cancelled') await endSale(ctx, event, part)
  else await offer(ctx, event, part, until)
}

async function offer(ctx: Ctx, event: EventRow, part: Part, until: number): Promise<void> {
  const terms = part.termsOf(event, ctx.settings.HOLD_SECONDS)
  const { id } = part.row
  const present = await askPool(ctx, part.row.pool, (pool) => pool.state())
  const version = (present?.termsVersion ?? 0) + 1
  const outcome =
    (await keepGroupWithin(ctx, id, present, terms, until)) ??
    (await askPool(ctx, part.row.pool, (pool) => pool.configure(id, version, terms, until)))
  if (outcome.ok) {
    await tellGroup(ctx, id, outcome.version, terms)
    await settle(ctx, part, { ...part.row.change, termsVersion: outcome.version })
    return
  }
  if (outcome.code === 'conflict') {
    // Another change of this moment came first.
    await makeDue(ctx, part)
    throw new Problem(outcome.code, outcome.detail)
  }
  if (present !== null) await tellGroup(ctx, id, present.termsVersion, present.terms)
  await settle(ctx, part, {})
  throw new Problem(outcome.code, outcome.detail)
}

const makeDue = (ctx: Ctx, { table, row }: Part, dueAt = ctx.now) =>
  ctx.db.update(table).set({ dueAt }).where(eq(table.id, row.id))

/** Writes what the pool has accepted. If the row has changed since it was read, the pool may have old terms: it is due again. */
async function settle(
  ctx: Ctx,
  part: Part,
  accepted: TypeColumns & { termsVersion?: number },
): Promise<void> {
  const { table, row } = part
  const settled = await withRetry(() =>
    ctx.db
      .update(table)
      .set({
        ...accepted,
        change: null,
        dueAt: null,
        revision: sql`${table.revision} + 1`,
        updatedAt: ctx.now,
      })
      .where(and(eq(table.id, row.id), eq(table.revision, row.revision)))
      .returning({ id: table.id }),
  )
  if (settled.length === 0) await makeDue(ctx, part)
}

/** Cancels the pool, and starts the refunds of its paid orders. A group has no orders of its own. */
async function endSale(ctx: Ctx, event: EventRow, part: Part): Promise<void> {
  const { table, row } = part
  const reason = event.cancelReason!
  // First, so that the list of those who wait is complete once they are told.
  if (part.groupPool !== null) await askPool(ctx, part.groupPool, (pool) => pool.cancel('operator', reason))
  const cancelled = await askPool(ctx, row.pool, (pool) => pool.cancel('operator', reason))
  // A pool without terms has sold nothing.
  const wasOnSale = cancelled.ok || cancelled.code !== 'not_found'
  if (wasOnSale) orThrow(cancelled)
  // A call that gives the pool its first terms may still be under way. The sweep asks again once none can come.
  else if (Date.now() < event.cancelledAt! + 2 * MINUTE_MS) {
    await makeDue(ctx, part, sweepDueAt())
    return
  }
  const done = ctx.db
    .update(table)
    .set({ change: null, dueAt: null, revision: sql`${table.revision} + 1`, updatedAt: ctx.now })
    .where(eq(table.id, row.id))
  const refundAll = ctx.db
    .insert(refundRuns)
    .values({ itemId: row.id, reason, startedAt: ctx.now })
    .onConflictDoNothing()
  const tellAll = startCancelledNotice(ctx, event, row.id)
  await withRetry(() => ctx.db.batch([done, ...(wasOnSale && part.hasOrders ? [refundAll, tellAll] : [])]))
}

/**
 * The capacity groups and the ticket types of an event, one after the other: a type sells only once its group does. What
 * is left after a failure is done by the sweep.
 */
export async function bringAllIntoStep(ctx: Ctx, eventId: string): Promise<void> {
  const [groups, types] = await ctx.db.batch([
    partsOf(ctx, capacityGroups, eventId),
    partsOf(ctx, ticketTypes, eventId),
  ])
  for (const { id } of [...groups, ...types]) await bringIntoStep(ctx, id)
}

const partsOf = (ctx: Ctx, table: typeof ticketTypes | typeof capacityGroups, eventId: string) =>
  ctx.db
    .select({ id: sql<string>`${table.id}` })
    .from(table as typeof ticketTypes)
    .where(eq(table.eventId, eventId))
    .orderBy(asc(table.id))

/** Statements that let the sweep bring all parts of an event into step, for the batch that changes the event. */
export const makeAllDue = (ctx: Ctx, eventId: string) =>
  [ticketTypes, capacityGroups].map((table) =>
    ctx.db.update(table).set({ dueAt: sweepDueAt() }).where(eq(table.eventId, eventId)),
  )
